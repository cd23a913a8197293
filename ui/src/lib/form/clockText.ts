/** Two figures. */
const two = (number: number): string => String(number).padStart(2, "0");

/** `2026-05-19T10:44:07+02:00` in the computer's zone: an XForm's `today()` is the local day, so ours is too. */
export function localMoment(date: Date): string {
	const offsetMin = -date.getTimezoneOffset();
	const sign = offsetMin < 0 ? "-" : "+";
	const zone = `${sign}${two(Math.floor(Math.abs(offsetMin) / 60))}:${two(Math.abs(offsetMin) % 60)}`;
	return `${localDay(date)}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${zone}`;
}

/** `2026-05-19` in the computer's zone. */
export function localDay(date: Date): string {
	return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `10:44` or `10:44:07` of an RFC 3339 moment, in the computer's zone; empty when it is no moment. */
export function clockText(moment: string, withSeconds = false): string {
	const date = new Date(moment);
	if (Number.isNaN(date.getTime())) return "";
	const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
	return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}
