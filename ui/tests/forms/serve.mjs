// Serves a built page under the content security policy of the app.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2" };
const policy =
	"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'";

/** Answers the origin and how to stop. */
export async function serve(folder) {
	const server = createServer(async (request, response) => {
		const path = normalize(new URL(request.url ?? "/", "http://local").pathname);
		if (path === "/favicon.ico") {
			response.writeHead(204).end();
			return;
		}
		const file = join(folder, path === "/" ? "index.html" : path);
		try {
			const bytes = await readFile(file);
			const type = types[extname(file)] ?? "application/octet-stream";
			response.writeHead(200, { "content-type": type, "content-security-policy": policy });
			response.end(bytes);
		} catch {
			response.writeHead(404).end();
		}
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { origin: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
