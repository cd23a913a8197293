import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = {
	".css": "text/css",
	".html": "text/html; charset=utf-8",
	".js": "text/javascript",
	".json": "application/json",
	".mjs": "text/javascript",
	".svg": "image/svg+xml",
	".wasm": "application/wasm",
	".woff2": "font/woff2",
};

/** The policy of the desktop window, so that what breaks there breaks here. */
const policy =
	"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data:";

/** Serves a built folder on a free loopback port. */
export async function serve(folder) {
	const server = createServer((request, response) => {
		const path = new URL(request.url ?? "/", "http://localhost").pathname;
		const file = join(folder, normalize(path === "/" ? "/index.html" : path));
		if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
			response.writeHead(404).end();
			return;
		}
		response.writeHead(200, {
			"content-type": types[extname(file)] ?? "application/octet-stream",
			"content-security-policy": policy,
		});
		createReadStream(file).pipe(response);
	});
	await new Promise((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	const address = server.address();
	return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
