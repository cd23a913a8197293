import { describe, expect, it } from "vitest";
import { demoSync } from "../core/fake/demo";
import { chipOf } from "./chip";

const now = new Date("2026-05-19T10:56:00");

describe("the connection chip", () => {
	it.each([
		["received", "Allt mottaget", "senast 10:41", "quiet"],
		["sending", "Skickar 4 av 11", "2 foton kvar", "quiet"],
		["offline", "Ingen uppkoppling", "3 sparade här", "alert"],
		["attention", "Behöver ditt beslut", "1 konflikt", "alert"],
		["signed_out", "Kan inte skicka", "Logga in igen", "alarm"],
		["bundle", "Inte ansluten", "Anslut datorn", "quiet"],
	] as const)("says of %s: %s, %s", (state, fact, more, tone) => {
		expect(chipOf(demoSync(state), now)).toMatchObject({ fact, more, tone });
	});

	it("is never red for being offline alone", () => {
		expect(chipOf({ ...demoSync("offline"), nSavedHere: 400 }, now).tone).toBe("alert");
	});

	it("does not call a person who is deciding already", () => {
		expect(chipOf(demoSync("attention"), now, true)).toMatchObject({
			fact: "Uppkopplad",
			more: "1 behöver beslut",
			tone: "quiet",
		});
	});

	it("does not say that all is received while something waits here", () => {
		expect(chipOf({ ...demoSync("received"), nSavedHere: 1 }, now).fact).toBe("1 sparad här");
	});
});
