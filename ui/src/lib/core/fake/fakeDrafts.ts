import type {
	AddPhotoInput,
	ChangeDto,
	DraftDto,
	DraftSummaryDto,
	FormDto,
	PhotoDto,
	PointDto,
	SaveDraftInput,
	StartDraftInput,
} from "../bindings";
import { DEMO_DAY, demoForms } from "./demo";
import { designation, labelOf, propertyText } from "./fakeLabels";
import { pointAt } from "./projection";
import { Refusal } from "./refusal";
import { allOf, featureOf, pointOn, type Town } from "./town";

/** Unfinished work of the invented laptop, and its photos. */
export class FakeDrafts {
	readonly #town: Town;
	readonly #formXml: Readonly<Record<string, string>>;
	readonly #drafts = new Map<string, DraftDto>();
	readonly #discarded = new Map<string, DraftDto>();
	readonly #photos = new Map<string, string>();

	constructor(town: Town, formXml: Readonly<Record<string, string>>) {
		this.#town = town;
		this.#formXml = formXml;
	}

	get summaries(): DraftSummaryDto[] {
		return [...this.#drafts.values()].map(summary);
	}

	photoUrl(blob: string): string {
		return this.#photos.get(blob) ?? "data:,";
	}

	start({ form, dataset, feature, lonDeg, latDeg }: StartDraftInput): DraftDto | Refusal {
		const declared = demoForms.find((known) => known.id === form);
		if (!declared) return new Refusal({ code: "form_not_found" });
		const subject = featureOf(this.#town, dataset, feature);
		const position = subject
			? pointOn(subject.geometry)
			: lonDeg !== null && latDeg !== null
				? pointAt(lonDeg, latDeg)
				: null;
		const label = subject ? labelOf(dataset, subject) : "";
		const draft = this.#make(declared, dataset, feature, label, position);
		this.#drafts.set(draft.id, draft);
		return draft;
	}

	open(id: string): DraftDto | Refusal {
		return this.#drafts.get(id) ?? new Refusal({ code: "draft_not_found" });
	}

	close(id: string): Record<string, never> {
		const draft = this.#drafts.get(id);
		if (draft) this.#drafts.set(id, { ...draft, wasInterrupted: false });
		return {};
	}

	discard(id: string): Record<string, never> {
		const draft = this.#drafts.get(id);
		if (draft) this.#discarded.set(id, draft);
		this.#drafts.delete(id);
		return {};
	}

	restore(id: string): Record<string, never> | Refusal {
		const draft = this.#discarded.get(id);
		if (!draft) return new Refusal({ code: "draft_not_found" });
		this.#drafts.set(id, draft);
		return {};
	}

	save({ id, instanceXml, hiddenJson }: SaveDraftInput): { savedAt: string } | Refusal {
		const draft = this.#drafts.get(id);
		if (!draft) return new Refusal({ code: "draft_not_found" });
		const savedAt = `${DEMO_DAY}T10:44:07`;
		this.#drafts.set(id, { ...draft, instanceXml, hiddenJson, savedAt });
		return { savedAt };
	}

	addPhoto({ draft, name, mediaType, bytesBase64 }: AddPhotoInput): PhotoDto | Refusal {
		const found = this.#drafts.get(draft);
		if (!found) return new Refusal({ code: "draft_not_found" });
		if (bytesBase64 === "") return new Refusal({ code: "photo_empty" });
		const number = this.#photos.size + 1;
		const photo: PhotoDto = {
			blob: `sha256:${String(number).padStart(64, "0")}`,
			name: `${String(number).padStart(16, "0")}.${name.split(".").pop() ?? "jpg"}`,
			mediaType,
			nBytes: Math.round(bytesBase64.length * 0.75),
			addedAt: `${DEMO_DAY}T10:38:00`,
			state: "saved_here",
		};
		this.#photos.set(photo.blob, `data:${mediaType};base64,${bytesBase64}`);
		this.#drafts.set(draft, { ...found, photos: [...found.photos, photo] });
		return photo;
	}

	removePhoto(draft: string, blob: string): Record<string, never> {
		const found = this.#drafts.get(draft);
		if (found)
			this.#drafts.set(draft, { ...found, photos: found.photos.filter((photo) => photo.blob !== blob) });
		return {};
	}

	/** Takes a draft away and answers the change that it became. */
	complete(id: string): ChangeDto | Refusal {
		const draft = this.#drafts.get(id);
		if (!draft) return new Refusal({ code: "draft_not_found" });
		this.#drafts.delete(id);
		return {
			id: `done-${id}`,
			kind: "inspection",
			title: draft.subjectLabel,
			detail: draft.title.sv,
			at: `${DEMO_DAY}T10:55:00`,
			state: "saved_here",
			reason: "",
			waitsFor: "",
			dataset: draft.subjectDataset,
			feature: draft.subjectId,
			nPhotos: draft.photos.length,
			position: draft.position,
		};
	}

	/** A draft that was open when the program ended. */
	addInterrupted(): void {
		const form = demoForms[1];
		const subject = allOf(this.#town, "parcel").find((parcel) => propertyText(parcel, "etikett") === "1:3");
		if (!form || !subject) return;
		const id = propertyText(subject, "id");
		const draft = this.#make(form, "parcel", id, designation(subject), pointOn(subject.geometry));
		this.#drafts.set(draft.id, { ...draft, wasInterrupted: true });
	}

	#make(form: FormDto, dataset: string, feature: string, label: string, position: PointDto | null): DraftDto {
		const subject = featureOf(this.#town, dataset, feature);
		const known = (question: string) => ({ question, value: propertyText(subject, question) });
		return {
			id: `draft-${this.#drafts.size + this.#discarded.size + 1}`,
			form: form.id,
			formVersion: form.version,
			title: form.title,
			localNumber: `A3-0${17 + this.#drafts.size}`,
			subjectDataset: dataset,
			subjectId: feature,
			subjectLabel: label,
			prefill: [known("nummer"), known("lage")].filter((fill) => fill.value !== ""),
			formXml: this.#formXml[form.id] ?? "",
			instanceXml: null,
			hiddenJson: "",
			photos: [],
			startedAt: `${DEMO_DAY}T10:42:00`,
			savedAt: `${DEMO_DAY}T10:42:00`,
			wasInterrupted: false,
			position,
		};
	}
}

function summary(draft: DraftDto): DraftSummaryDto {
	return {
		id: draft.id,
		form: draft.form,
		title: draft.title,
		subjectLabel: draft.subjectLabel,
		savedAt: draft.savedAt,
		nAnswered: 2,
		nQuestions: 7,
		nPhotos: draft.photos.length,
		wasInterrupted: draft.wasInterrupted,
		position: draft.position,
	};
}
