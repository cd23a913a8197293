//! An enrolled laptop with what a technician does on it.

use std::cell::RefCell;

use faltkarta_app::{AppError, Edit, Enrolment, Field, Submission, SyncReport, enrol, sync_round};
use faltkarta_model::{FeatureId, Timestamp};
use faltkarta_store::EditState;
use tempfile::TempDir;

use super::fake_store::FakeStore;
use super::{Counting, dataset, field, id_of, jpeg, kill, now, open, open_as, text};

pub(crate) struct Laptop {
    pub(crate) field: RefCell<Field>,
    pub(crate) dir: TempDir,
    pub(crate) ids: Counting,
}

pub(crate) fn join(laptop: &RefCell<Field>, store: &mut FakeStore) -> Result<(), AppError> {
    let wanted = Enrolment {
        url: "http://127.0.0.1:1".into(),
        code: None,
        device_name: "Bil 3".into(),
        user_name: "Klara Ekdal".into(),
    };
    enrol(laptop, store, &wanted, &mut now, &mut |_| {})
}

impl Laptop {
    pub(crate) fn enrolled(store: &mut FakeStore) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let field = RefCell::new(open(dir.path()));
        join(&field, store).unwrap();
        Self { field, dir, ids: Counting::default() }
    }

    /// A second laptop, whose ids differ from the first one's.
    pub(crate) fn second(store: &mut FakeStore) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let field = RefCell::new(open_as(dir.path(), &mut Counting(5000)));
        join(&field, store).unwrap();
        Self { field, dir, ids: Counting(1 << 40) }
    }

    pub(crate) fn round(&mut self, store: &mut FakeStore) -> SyncReport {
        self.round_at(store, now())
    }

    pub(crate) fn round_at(&mut self, store: &mut FakeStore, at: Timestamp) -> SyncReport {
        sync_round(&self.field, store, &mut || at, &mut self.ids).unwrap()
    }

    pub(crate) fn kill(self) -> Self {
        let (field, dir) = kill(self.field.into_inner(), &self.dir);
        Self { field: RefCell::new(field), dir, ids: self.ids }
    }

    pub(crate) fn edit(&mut self, valve: &str, name: &str, value: &str) {
        let values = [(field(name), text(value))].into();
        let edit = Edit::Update { id: id_of("valve", valve), geometry: None, values };
        self.field.borrow_mut().edit(&dataset("valve"), edit, now(), &mut self.ids).unwrap();
    }

    pub(crate) fn delete(&mut self, valve: &str) {
        let edit = Edit::Delete { id: id_of("valve", valve) };
        self.field.borrow_mut().edit(&dataset("valve"), edit, now(), &mut self.ids).unwrap();
    }

    pub(crate) fn lage(&self, valve: &str) -> String {
        let laptop = self.field.borrow();
        let feature = laptop.feature(id_of("valve", valve), now()).unwrap();
        feature.value("lage").to_string()
    }

    pub(crate) fn state(&self, valve: &str) -> EditState {
        self.field.borrow().own_state(id_of("valve", valve)).unwrap().unwrap()
    }

    pub(crate) fn complete_with_photo(&mut self) -> FeatureId {
        let laptop = &mut *self.field.borrow_mut();
        let subject = Some((dataset("valve"), id_of("valve", "AV-118")));
        let opened =
            laptop.start_draft("ventilmotionering", subject, None, now(), &mut self.ids).unwrap();
        let id = opened.draft.id;
        let photo = laptop.add_photo(id, "a.jpg", &jpeg(3), now()).unwrap();
        let submission = Submission {
            instance_xml: "<data><resultat>fungerar</resultat></data>".into(),
            answers_json: r#"{"resultat":"fungerar","funktion":"fungerar"}"#.into(),
            blobs: vec![photo.blob],
        };
        laptop.complete_draft(id, &submission, now(), &mut self.ids).unwrap();
        id
    }
}
