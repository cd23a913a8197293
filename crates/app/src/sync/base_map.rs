//! A newer base map: asked for once a day, fetched by difference beside the day's work, and put into use without the
//! rows being touched.

use std::fs;
use std::path::Path;

use faltkarta_model::Timestamp;
use faltkarta_protocol::{BASE_MAP_FORMAT, BaseMapOffer};
use faltkarta_tiles::BaseMap;

use crate::error::AppError;
use crate::field::Field;
use crate::sync::assembly::{Assembly, is_sha256};
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::link::LinkError;

/// Time between two questions for a newer base map, in milliseconds.
const ASK_EVERY_MS: i64 = 86_400_000;
/// How long a round fetches; the next one goes on. A round has other work, and an edit must not wait for a map.
const LASTS_MS: i64 = 20_000;
/// Where a base map grows, in the laptop's folder.
pub(crate) const GROWING: &str = "incoming-map";

impl<A: FieldAccess> Round<'_, A> {
    /// Asks for a newer base map when a day has passed, and fetches for a while.
    pub(super) fn renew_base_map(&mut self) -> Result<(), AppError> {
        let began = (self.now)();
        let Some(wanted) = self.wanted_base_map(began)? else { return Ok(()) };
        let (folder, old) = self
            .field
            .with(|it| Ok::<_, AppError>((it.folder().join(GROWING), it.store.base_map()?)))?;
        let assembly = Assembly {
            workspace: &self.workspace,
            wanted: &wanted,
            old: old.as_deref(),
            folder: &folder,
        };
        let now = &mut *self.now;
        let mut goes_on = |_| (0..LASTS_MS).contains(&(now().unix_ms() - began.unix_ms()));
        let taken = match assembly.run(&mut *self.link, &mut goes_on) {
            Ok(None) => return Ok(()),
            Ok(Some(file)) => self.field.with(|it| it.take_base_map(&file, &wanted.sha256)),
            Err(error) => Err(error),
        };
        let is_over_today = match &taken {
            // It was replaced while we fetched: the next round asks.
            Err(AppError::Link(LinkError::PackageChanged | LinkError::NotOffered)) => false,
            Err(AppError::Link(LinkError::NotKept { .. })) => true,
            // The way is gone: what came stays, and the next round goes on.
            Err(AppError::Link(_)) => return taken,
            // In use, or the disk is full, or it was not what the store said.
            _ => true,
        };
        let _ = fs::remove_dir_all(&folder);
        self.field.with(|it| {
            it.store.clear_metas(&["base_map_wanted"])?;
            if is_over_today {
                it.store.set_meta("base_map_asked_at", &began.to_string())?;
            }
            Ok::<_, AppError>(())
        })?;
        taken
    }

    /// The base map to fetch: the one that was begun, or the store's newest when it is another than ours.
    fn wanted_base_map(&mut self, at: Timestamp) -> Result<Option<BaseMapOffer>, AppError> {
        let (begun, asked_at) = self.field.with(|it| {
            let asked_at = it.store.meta("base_map_asked_at")?;
            Ok::<_, AppError>((it.store.meta("base_map_wanted")?, asked_at))
        })?;
        let begun: Option<BaseMapOffer> = begun.and_then(|it| serde_json::from_str(&it).ok());
        if begun.is_some() {
            return Ok(begun);
        }
        // A clock that was set back does not put it off for ever.
        let since_ms = asked_at
            .and_then(|it| Timestamp::parse(&it).ok())
            .map(|it| at.unix_ms() - it.unix_ms());
        if since_ms.is_some_and(|it| (0..ASK_EVERY_MS).contains(&it)) {
            return Ok(None);
        }
        let offer = match self.link.base_map(&self.workspace) {
            Ok(offer) => Some(offer),
            Err(LinkError::NotOffered | LinkError::Unpermitted) => None,
            Err(error) => return Err(error.into()),
        };
        let offer = offer.filter(|it| it.format == BASE_MAP_FORMAT && is_sha256(&it.sha256));
        self.field.with(|it| match offer {
            Some(offer) if it.base_map.is_none() || !it.store.has_base_map(&offer.sha256)? => {
                let text = serde_json::to_string(&offer).map_err(AppError::damaged)?;
                it.store.set_meta("base_map_wanted", &text)?;
                Ok(Some(offer))
            }
            _ => {
                it.store.set_meta("base_map_asked_at", &at.to_string())?;
                Ok(None)
            }
        })
    }
}

impl Field {
    /// Puts a proven base map into use, if this program can read it.
    pub(crate) fn take_base_map(&mut self, file: &Path, sha256: &str) -> Result<(), AppError> {
        drop(BaseMap::open(file).map_err(AppError::damaged)?);
        self.store.take_base_map(file, sha256)?;
        self.open_base_map()?;
        self.redraw();
        Ok(())
    }

    /// Opens the base map that is in use. One that cannot be read is asked for anew; the laptop works without it.
    pub(crate) fn open_base_map(&mut self) -> Result<(), AppError> {
        self.base_map = match self.store.base_map()?.map(|it| BaseMap::open(&it)).transpose() {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "the base map cannot be read");
                self.store.clear_metas(&["base_map_asked_at"])?;
                None
            }
        };
        Ok(())
    }
}
