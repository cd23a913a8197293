/** Which column a table is sorted by. A second press on a head turns the order. */
export class Sorting<Column extends string> {
	column: Column;
	isUp: boolean;
	readonly #upFirst: readonly Column[];

	/** `upFirst` are the columns that are read from the least: names. The others begin with the greatest. */
	constructor(column: Column, upFirst: readonly Column[]) {
		this.#upFirst = upFirst;
		this.column = $state(column);
		this.isUp = $state(upFirst.includes(column));
	}

	by(column: Column): void {
		this.isUp = this.column === column ? !this.isUp : this.#upFirst.includes(column);
		this.column = column;
	}

	/** The rows in the chosen order; rows of equal rank keep theirs. */
	sorted<Row>(rows: readonly Row[], rank: Readonly<Record<Column, (row: Row) => string | number>>): Row[] {
		const rankOf = rank[this.column];
		return rows.toSorted((a, b) => {
			const [x, y] = [rankOf(a), rankOf(b)];
			const order =
				typeof x === "number" && typeof y === "number" ? compare(x, y) : `${x}`.localeCompare(`${y}`, "sv");
			return this.isUp ? order : -order;
		});
	}
}

/** Not by difference: two infinities have none. */
function compare(x: number, y: number): number {
	return x === y ? 0 : x < y ? -1 : 1;
}
