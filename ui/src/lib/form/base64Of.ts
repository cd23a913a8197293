/** The bytes of a file, or null when it went away while it was read. */
export function base64Of(file: File): Promise<string | null> {
	return new Promise((resolve) => {
		const reader = new FileReader();
		reader.onload = () => {
			const url = typeof reader.result === "string" ? reader.result : "";
			resolve(url.slice(url.indexOf(",") + 1));
		};
		reader.onerror = () => {
			resolve(null);
		};
		reader.readAsDataURL(file);
	});
}
