import { numberText } from "../lib/words/format";
import { m } from "../lib/words/generated/messages.js";
import type { ConsoleDatasetDto } from "./bindings";
import { counted } from "./deliveryText";

/** How old the newest data are against their limit. */
export type Age =
	| { readonly state: "none" }
	| { readonly state: "fresh" | "old"; readonly text: string; readonly share: number | null };

/** `share` is the age as a part of the limit, at most 1; null without a limit. */
export function ageOf({ ageDays, dataDate, maxAgeDays }: ConsoleDatasetDto): Age {
	if (ageDays === null || dataDate === null) return { state: "none" };
	if (maxAgeDays === null) {
		const text = ageDays === 0 ? m.dataset_today_no_limit() : m.dataset_age_no_limit(counted(ageDays));
		return { state: "fresh", text, share: null };
	}
	const limit = numberText(maxAgeDays);
	if (ageDays > maxAgeDays)
		return { state: "old", text: m.dataset_old({ ...counted(ageDays), limit }), share: 1 };
	const text = ageDays === 0 ? m.dataset_today({ limit }) : m.dataset_age({ ...counted(ageDays), limit });
	return { state: "fresh", text, share: maxAgeDays === 0 ? 1 : ageDays / maxAgeDays };
}

/** For sorting: how much of its limit the age has used; data without a limit by their days, no data first of all. */
export function ageRank(dataset: ConsoleDatasetDto): number {
	if (dataset.ageDays === null) return Number.POSITIVE_INFINITY;
	return dataset.maxAgeDays === null
		? dataset.ageDays / 10_000
		: dataset.ageDays / Math.max(1, dataset.maxAgeDays);
}

export function classText(of: ConsoleDatasetDto["class"]): string {
	switch (of) {
		case "open":
			return m.dataset_class_open();
		case "internal":
			return m.dataset_class_internal();
		default:
			return m.dataset_class_protected();
	}
}

export function policyText(policy: ConsoleDatasetDto["policy"]): string {
	switch (policy) {
		case "direct":
			return m.dataset_policy_direct();
		case "proposal":
			return m.dataset_policy_proposal();
		default:
			return m.dataset_policy_read_only();
	}
}

export function groupText(group: string): string {
	switch (group) {
		case "work":
			return m.group_work();
		case "va":
			return m.group_va();
		case "plans":
			return m.group_plans();
		case "property":
			return m.group_property();
		case "background":
			return m.group_background();
		default:
			return m.dataset_group_other();
	}
}

const roles: Readonly<Record<string, () => string>> = {
	parcel: m.dataset_role_parcel,
	address: m.dataset_role_address,
	building: m.dataset_role_building,
	place: m.dataset_role_place,
	road: m.dataset_role_road,
	land_cover: m.dataset_role_land_cover,
	watercourse: m.dataset_role_watercourse,
	railway: m.dataset_role_railway,
	water_pipe: m.dataset_role_water_pipe,
	sewer_pipe: m.dataset_role_sewer_pipe,
	storm_pipe: m.dataset_role_storm_pipe,
	valve: m.dataset_role_valve,
	hydrant: m.dataset_role_hydrant,
	manhole: m.dataset_role_manhole,
	water_source: m.dataset_role_water_source,
	service_connection: m.dataset_role_service_connection,
	plan: m.dataset_role_plan,
	plan_provision: m.dataset_role_plan_provision,
	restriction_zone: m.dataset_role_restriction_zone,
	inspection: m.dataset_role_inspection,
	municipality: m.dataset_role_municipality,
	contact: m.dataset_role_contact,
	operating_area: m.dataset_role_operating_area,
};

/** What a dataset is for in the app. */
export function usedAsText(role: string): string {
	return (roles[role] ?? m.dataset_role_other)();
}
