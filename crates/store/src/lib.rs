//! One laptop in one SQLite file: base, overlay, journal, drafts, attachments, index generations.
