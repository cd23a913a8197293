// geojson-vt and vt-pbf: geojson_vt.mjs MODULES FILE Z X Y ROUNDS. A line of seconds each round, from features in degrees
// to the bytes of one tile: the library's own short way for a single tile, cut at the same margin.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, file, z, x, y, rounds] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/@maplibre/${path}`).href);
const { geoJSONToTile } = await load('geojson-vt/dist/geojson-vt.mjs');
const { fromGeojsonVt } = await load('vt-pbf/dist/index.es.js');
const data = JSON.parse(readFileSync(file, 'utf8'));
const options = { maxZoom: 14, extent: 4096, buffer: 64, tolerance: 3, clip: true };
for (let nth = 0; nth < Number(rounds); nth++) {
	const start = performance.now();
	const tile = geoJSONToTile(data, Number(z), Number(x), Number(y), options);
	const bytes = fromGeojsonVt({ parcel: tile }, { version: 2, extent: 4096 });
	console.log((performance.now() - start) / 1e3, bytes.length);
}
