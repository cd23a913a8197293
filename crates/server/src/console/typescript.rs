use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::console::dto::{
    ConsoleCaseDto, ConsoleDatasetDto, ConsoleDecisionDto, ConsoleDeliveryDto, ConsoleDeviceDto,
    ConsoleHeldDto, ConsoleOverviewDto, ConsoleSignInDto,
};

/// The whole of `ui/src/console/bindings.ts`: every type of the console's wire.
pub fn typescript() -> String {
    let mut all = Declarations::default();
    all.take::<ConsoleSignInDto>();
    all.take::<ConsoleOverviewDto>();
    all.take::<ConsoleDeviceDto>();
    all.take::<ConsoleCaseDto>();
    all.take::<ConsoleDecisionDto>();
    all.take::<ConsoleHeldDto>();
    all.take::<ConsoleDeliveryDto>();
    all.take::<ConsoleDatasetDto>();
    let head = "// Written by `make types` from crates/server. Do not edit.\n".to_owned();
    all.texts.values().fold(head, |text, it| text + "\nexport " + it + "\n")
}

#[derive(Default)]
struct Declarations {
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl Declarations {
    fn take<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Lists, options and primitives have no declaration of their own.
        if T::output_path().is_some() {
            let config = Config::new();
            self.texts.insert(T::name(&config), T::decl(&config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.take::<T>();
    }
}
