import { expect, it } from "vitest";
import { clockText, localDay, localMoment } from "./clockText";

it("a moment in the computer's zone is the same moment again", () => {
	const date = new Date("2026-05-19T08:44:07Z");
	expect(new Date(localMoment(date)).getTime()).toBe(date.getTime());
	expect(localMoment(date).startsWith(localDay(date))).toBe(true);
});

it("a clock shows seconds only when asked, and nothing for what is no moment", () => {
	const moment = localMoment(new Date(2026, 4, 19, 10, 44, 7));
	expect(clockText(moment)).toBe("10:44");
	expect(clockText(moment, true)).toBe("10:44:07");
	expect(clockText("")).toBe("");
});
