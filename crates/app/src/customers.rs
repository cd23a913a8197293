//! Who hangs on some connections: addresses, properties, and those who must be told first.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_geo::{Bounds, EastNorthM, Geometry, Grid, Position, area_on_grid_m2};
use faltkarta_model::{Feature, FeatureId, Role, SensitiveRule, Timestamp, Title};
use faltkarta_spatial::{Relation, Subject};
use faltkarta_store::Relation as Reference;

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::isolating::Named;

/// Connections that lose something together.
pub(crate) struct Hanging {
    pub(crate) connections: Vec<FeatureId>,
    /// Outside the valves, but without supply.
    pub(crate) is_cut_off: bool,
}

/// Who hangs on some connections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Customers {
    /// Those who must be told first; by class, then the largest building first.
    pub sensitive: Vec<SensitiveCustomer>,
    /// Addresses, in the order of their labels.
    pub addresses: Vec<AffectedAddress>,
    /// Properties.
    pub properties: Vec<Named>,
    /// Connections for which no address was found.
    pub without_address: Vec<Named>,
}

/// An address without water.
#[derive(Debug, Clone, PartialEq)]
pub struct AffectedAddress {
    /// The address.
    pub address: Named,
    /// Name of its municipality.
    pub municipality: String,
    /// It lies outside the valves, and has no way to a source.
    pub is_cut_off: bool,
    /// Metres from the connection, when the property names no address and the nearest one was taken.
    pub nearest_m: Option<f64>,
}

/// A building with a class, on a property without water. Never a name.
#[derive(Debug, Clone, PartialEq)]
pub struct SensitiveCustomer {
    /// Its class.
    pub class: SensitiveClass,
    /// The building.
    pub building: FeatureId,
    /// The first address of the property, or how the property is called.
    pub place: String,
    /// Its ground in square metres.
    pub area_m2: f64,
    /// It lies outside the valves.
    pub is_cut_off: bool,
}

/// A class of customers who must be told first, with its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitiveClass {
    /// The class.
    pub class: String,
    /// What it is called.
    pub title: Title,
}

/// What is gathered while connections are gone through.
#[derive(Default)]
struct Gathering {
    customers: Customers,
    seen: BTreeSet<FeatureId>,
    sensitive: Vec<(i32, SensitiveCustomer)>,
}

impl Field {
    /// Who hangs on some connections of a network: by the property that a connection names, else the nearest address
    /// within the distance that its dataset declares, which is said.
    pub(crate) fn customers(
        &self,
        net: &str,
        hanging: &[Hanging],
        now: Timestamp,
    ) -> Result<Customers, AppError> {
        let mut gathering = Gathering::default();
        for part in hanging {
            for id in &part.connections {
                let Some(stored) = self.store.feature(*id)? else { continue };
                self.gather(net, &stored.feature, part.is_cut_off, now, &mut gathering)?;
            }
        }
        let Gathering { mut customers, mut sensitive, .. } = gathering;
        sensitive.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.area_m2.total_cmp(&a.1.area_m2)));
        customers.sensitive = sensitive.into_iter().map(|it| it.1).collect();
        customers.addresses.sort_by_cached_key(|it| in_order(&it.address.label));
        customers.properties.sort_by_cached_key(|it| in_order(&it.label));
        Ok(customers)
    }

    fn gather(
        &self,
        net: &str,
        connection: &Feature,
        is_cut_off: bool,
        now: Timestamp,
        gathering: &mut Gathering,
    ) -> Result<(), AppError> {
        let property = connection.value("property_ref").as_text().unwrap_or("");
        let (mut addresses, mut parcels) = (vec![], vec![]);
        if !property.is_empty() {
            for stored in self.store.related(Reference::PropertyRef, property)? {
                let Some(local) = self.catalog.find(&stored.feature.dataset) else { continue };
                match local.dataset.role {
                    _ if local.is_locked(now) => {}
                    Role::Address => addresses.push((stored.feature, None)),
                    Role::Parcel => parcels.push(stored.feature),
                    _ => {}
                }
            }
        }
        if addresses.is_empty() {
            addresses.extend(self.nearest_address(net, connection, now)?);
        }
        if addresses.is_empty() {
            let label = self.catalog.label(connection);
            gathering.customers.without_address.push(Named { id: connection.id, label });
        }
        let place = addresses.iter().map(|it| &it.0).chain(&parcels).next();
        let place = place.map(|it| self.catalog.label(it)).unwrap_or_default();
        self.gather_sensitive(&parcels, &place, is_cut_off, now, gathering)?;
        for (address, nearest_m) in addresses {
            if gathering.seen.insert(address.id) {
                let local = self.catalog.find(&address.dataset);
                gathering.customers.addresses.push(AffectedAddress {
                    municipality: local.map(|it| it.municipality(&address)).unwrap_or_default(),
                    address: Named { id: address.id, label: self.catalog.label(&address) },
                    is_cut_off,
                    nearest_m,
                });
            }
        }
        // A property of several areas is told once, by its first.
        if let Some(parcel) = parcels.first()
            && gathering.seen.insert(parcel.id)
        {
            let label = self.catalog.label(parcel);
            gathering.customers.properties.push(Named { id: parcel.id, label });
        }
        Ok(())
    }

    fn nearest_address(
        &self,
        net: &str,
        connection: &Feature,
        now: Timestamp,
    ) -> Result<Option<(Feature, Option<f64>)>, AppError> {
        let within_m = self.rule_of(net, connection).map_or(0.0, |it| it.address_within_m);
        let at = connection.geometry.as_ref().and_then(Geometry::bounds).map(Bounds::middle);
        let Some((e_m, n_m)) = at.filter(|_| within_m > 0.0) else { return Ok(None) };
        for (local, layer) in self.open_layers(now) {
            if local.dataset.role != Role::Address {
                continue;
            }
            let nearest = layer.nearest_boxes(e_m, n_m, within_m, 1).into_iter().next();
            if let Some((row, distance_m)) = nearest {
                return Ok(self.fetch(row)?.map(|it| (it.feature, Some(distance_m))));
            }
        }
        Ok(None)
    }

    /// Buildings with a class on some parcels.
    fn gather_sensitive(
        &self,
        parcels: &[Feature],
        place: &str,
        is_cut_off: bool,
        now: Timestamp,
        gathering: &mut Gathering,
    ) -> Result<(), AppError> {
        for (local, layer) in self.open_layers(now) {
            if local.dataset.sensitive.is_empty() {
                continue;
            }
            let mut on: BTreeMap<usize, Geometry> = BTreeMap::new();
            let mut rows = vec![];
            for area in parcels.iter().filter_map(|it| it.geometry.as_ref()) {
                let Some(bounds) = area.bounds() else { continue };
                self.for_each_shape(layer, bounds, &mut |row, shape| {
                    if stands_on(&shape, area) {
                        on.insert(rows.len(), shape);
                        rows.push(row);
                    }
                })?;
            }
            for (i, row) in rows.into_iter().enumerate() {
                let Some(building) = self.fetch(row)? else { continue };
                let Some(rule) = class_of(local, &building.feature) else { continue };
                if !gathering.seen.insert(building.feature.id) {
                    continue;
                }
                gathering.sensitive.push((
                    rule.order,
                    SensitiveCustomer {
                        class: SensitiveClass {
                            class: rule.class.clone(),
                            title: rule.title.clone(),
                        },
                        building: building.feature.id,
                        place: place.to_owned(),
                        area_m2: on.get(&i).map_or(0.0, area_on_grid_m2),
                        is_cut_off,
                    },
                ));
            }
        }
        Ok(())
    }
}

fn class_of<'a>(local: &'a LocalDataset, building: &Feature) -> Option<&'a SensitiveRule> {
    local.dataset.sensitive.iter().find(|it| it.takes(building))
}

/// Whether a building stands on an area: by a point on it.
fn stands_on(building: &Geometry, area: &Geometry) -> bool {
    let point = crate::shape::point_on(building);
    let at = point.and_then(|(e_m, n_m)| Position::<Grid>::parse(EastNorthM { e_m, n_m }).ok());
    let related = at.and_then(|it| Subject::at(it).relate(area));
    related.is_some_and(|it| it.relation == Relation::Inside)
}

/// Labels in the order of a street: numbers by their value.
fn in_order(label: &str) -> Vec<(String, u64)> {
    let mut parts = vec![];
    let mut rest = label;
    while !rest.is_empty() {
        let text_end = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(text_end);
        let digits_end = behind.find(|it: char| !it.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(digits_end);
        parts.push((text.to_lowercase(), digits.parse().unwrap_or(0)));
        rest = behind;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_numbers_are_in_the_order_of_a_street() {
        let mut labels = ["Kungsgatan 10", "Kungsgatan 9 B", "Algatan 2", "Kungsgatan 9 A"];
        labels.sort_by_cached_key(|it| in_order(it));
        assert_eq!(labels, ["Algatan 2", "Kungsgatan 9 A", "Kungsgatan 9 B", "Kungsgatan 10"]);
    }
}
