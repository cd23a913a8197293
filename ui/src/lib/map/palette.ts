/** Which of the two palettes the map is drawn in. */
export type Mode = "sol" | "natt";

/** Fill and casing of one class of road. */
export interface RoadColors {
	readonly fill: string;
	readonly casing: string;
}

/** Every color of the map, once for sun and once for night. The style is one table; this is what varies. */
export interface Palette {
	readonly land: string;
	readonly forest: string;
	readonly leafForest: string;
	readonly field: string;
	readonly built: string;
	readonly industry: string;
	readonly park: string;
	readonly pitch: string;
	readonly water: string;
	readonly shore: string;
	readonly wetland: string;
	readonly contour: string;
	readonly contourOpacity: number;
	readonly dwelling: string;
	readonly outbuilding: string;
	readonly publicHouse: string;
	readonly industryHouse: string;
	readonly dwellingLine: string;
	readonly publicLine: string;
	readonly industryLine: string;
	readonly path: string;
	readonly railway: string;
	readonly railwayGap: string;
	readonly motorway: RoadColors;
	readonly highway: RoadColors;
	readonly mainStreet: RoadColors;
	readonly street: RoadColors;
	readonly lane: RoadColors;
	readonly text: string;
	readonly textProperty: string;
	readonly textWater: string;
	readonly textNature: string;
	readonly halo: string;
	readonly municipality: string;
	readonly parcel: string;
	readonly easement: string;
	readonly water_pipe: string;
	readonly sewer_pipe: string;
	readonly storm_pipe: string;
	readonly combined: string;
	readonly abandoned: string;
	readonly pipeCasing: string;
	readonly stuck: string;
	readonly closed: string;
	readonly badge: string;
	readonly plan: string;
	readonly planCasing: string;
	readonly provisionOpacity: number;
	readonly shoreZone: string;
	readonly waterZone: string;
	readonly natureZone: string;
	readonly remains: string;
	readonly serviceZone: string;
	readonly contaminated: string;
	readonly landslide: string;
	readonly flood: string;
	readonly well: string;
	readonly zoneOpacity: number;
	readonly pick: string;
	readonly pickCasing: string;
	readonly drawn: string;
	readonly drawnCasing: string;
	readonly onPick: string;
	readonly saved: string;
	readonly received: string;
	readonly receivedLine: string;
	readonly secured: string;
	readonly securedLine: string;
	readonly conflict: string;
	readonly conflictFill: string;
	readonly comparedBase: string;
	readonly comparedOnBase: string;
	readonly comparedStore: string;
	readonly comparedCasing: string;
	readonly comparedMove: string;
	readonly disc: string;
	readonly onDisc: string;
}

const sol: Palette = {
	land: "#F8F5EC",
	forest: "#D7E5CD",
	leafForest: "#DDE9D4",
	field: "#F3E8C4",
	built: "#EEE8E0",
	industry: "#E6E2E6",
	park: "#CBE2BD",
	pitch: "#B9D6A8",
	water: "#B7D7EA",
	shore: "#3D7BA3",
	wetland: "#6FA3C4",
	contour: "#B98F56",
	contourOpacity: 0.5,
	dwelling: "#CBB7A4",
	outbuilding: "#E0D5C9",
	publicHouse: "#C98F7C",
	industryHouse: "#B9B4C0",
	dwellingLine: "#8D735D",
	publicLine: "#84503D",
	industryLine: "#78727F",
	path: "#85725C",
	railway: "#5D5A58",
	railwayGap: "#FFFFFF",
	motorway: { fill: "#F2A65A", casing: "#8A4B12" },
	highway: { fill: "#FFD27F", casing: "#A0701A" },
	mainStreet: { fill: "#FFF3C4", casing: "#9C8A5C" },
	street: { fill: "#FFFFFF", casing: "#B5AB9D" },
	lane: { fill: "#FFFFFF", casing: "#B5AB9D" },
	text: "#22302D",
	textProperty: "#5D4A3D",
	textWater: "#1D5C86",
	textNature: "#3D6130",
	halo: "#FFFDF7",
	municipality: "#7A5A66",
	parcel: "#9A7F6E",
	easement: "#7A4A8A",
	water_pipe: "#0A5BBF",
	sewer_pipe: "#B01E0F",
	storm_pipe: "#0B8068",
	combined: "#5B4636",
	abandoned: "#6B7472",
	pipeCasing: "#FFFDF7",
	stuck: "#A31B15",
	closed: "#14211F",
	badge: "#7A4F00",
	plan: "#2A2A2A",
	planCasing: "#FFFFFF",
	provisionOpacity: 0.6,
	shoreZone: "#0F6F87",
	waterZone: "#2A4FA8",
	natureZone: "#2F6B2A",
	remains: "#6A1B4D",
	serviceZone: "#4B5F9E",
	contaminated: "#7A4F00",
	landslide: "#8A3B12",
	flood: "#1C4C8C",
	well: "#3D7BA3",
	zoneOpacity: 0.42,
	pick: "#FFC400",
	pickCasing: "#14211F",
	drawn: "#14211F",
	drawnCasing: "#FFFFFF",
	onPick: "#14211F",
	saved: "#FFC400",
	received: "#E4EEFA",
	receivedLine: "#1C4C8C",
	secured: "#E0F1E6",
	securedLine: "#17663A",
	conflict: "#A31B15",
	conflictFill: "#FBE5E2",
	comparedBase: "#FFFFFF",
	comparedOnBase: "#14211F",
	comparedStore: "#D9C8F0",
	comparedCasing: "#14211F",
	comparedMove: "#14211F",
	disc: "#14211F",
	onDisc: "#FFFFFF",
};

const natt: Palette = {
	land: "#171E1E",
	forest: "#15231A",
	leafForest: "#17271C",
	field: "#22231A",
	built: "#1F2526",
	industry: "#24252A",
	park: "#1A2C1F",
	pitch: "#203626",
	water: "#0D2838",
	shore: "#3F7FA6",
	wetland: "#2B4C60",
	contour: "#6D6249",
	contourOpacity: 0.5,
	dwelling: "#39423F",
	outbuilding: "#2B3332",
	publicHouse: "#523A34",
	industryHouse: "#34343C",
	dwellingLine: "#56635F",
	publicLine: "#8A6357",
	industryLine: "#555560",
	path: "#7B7566",
	railway: "#8A8A86",
	railwayGap: "#171E1E",
	motorway: { fill: "#7A4C26", casing: "#0D1212" },
	highway: { fill: "#655232", casing: "#0D1212" },
	mainStreet: { fill: "#4D4B3C", casing: "#0D1212" },
	street: { fill: "#3C4647", casing: "#0D1212" },
	lane: { fill: "#333C3D", casing: "#0D1212" },
	text: "#D3DBD8",
	textProperty: "#B3A698",
	textWater: "#7FB9DD",
	textNature: "#93B98A",
	halo: "#12191A",
	municipality: "#9C8791",
	parcel: "#687A76",
	easement: "#B48AC4",
	water_pipe: "#5AA9FF",
	sewer_pipe: "#FF7D5C",
	storm_pipe: "#9DECD2",
	combined: "#C3A58C",
	abandoned: "#8C9794",
	pipeCasing: "#10181A",
	stuck: "#FF9D92",
	closed: "#DCE3E0",
	badge: "#F0C266",
	plan: "#D9D9D9",
	planCasing: "#10181A",
	provisionOpacity: 0.22,
	shoreZone: "#5BB7CE",
	waterZone: "#8FA8F0",
	natureZone: "#7FBF78",
	remains: "#D78AB5",
	serviceZone: "#9FB0E8",
	contaminated: "#F0C266",
	landslide: "#E39A72",
	flood: "#9FC5F7",
	well: "#7FB9DD",
	zoneOpacity: 0.42,
	pick: "#FFD23F",
	pickCasing: "#000000",
	drawn: "#FFFFFF",
	drawnCasing: "#000000",
	onPick: "#14211F",
	saved: "#FFD23F",
	received: "#152740",
	receivedLine: "#9FC5F7",
	secured: "#15301F",
	securedLine: "#7DCA97",
	conflict: "#FF9D92",
	conflictFill: "#3D1815",
	comparedBase: "#12191A",
	comparedOnBase: "#DCE3E0",
	comparedStore: "#CDB6EC",
	comparedCasing: "#DCE3E0",
	comparedMove: "#DCE3E0",
	disc: "#DCE3E0",
	onDisc: "#12191A",
};

/** The palettes by mode. */
export const palettes: Readonly<Record<Mode, Palette>> = { sol, natt };

/** Boverket's color names for land use; the codes behind the names are ours, the catalogue gives names only. */
export const provisionColors: readonly (readonly [name: string, color: string])[] = [
	["Gul", "#FFFFCE"],
	["Brun", "#DABF8C"],
	["Beige", "#FFCB83"],
	["Orange", "#FF8040"],
	["Röd", "#FA4B3C"],
	["Rosa", "#FFBCE1"],
	["Lila", "#D1B6E1"],
	["Blå", "#A5DAFB"],
	["Blågrå", "#B6CCE1"],
	["Grön", "#B2EC40"],
	["Ljusgrön", "#DEFFCE"],
	["Grå", "#D9D9D9"],
];
