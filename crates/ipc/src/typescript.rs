use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::command::{Command, CommandVisitor, visit_commands};
use crate::error::ApiError;

/// The whole of `ui/src/lib/core/bindings.ts`: every type on the wire and the table of commands.
pub fn typescript() -> String {
    let mut all = Collector { config: Config::new(), ..Collector::default() };
    all.take::<ApiError>();
    visit_commands(&mut all);
    let mut text = String::from("// Written by `make types` from crates/ipc. Do not edit.\n");
    for declaration in all.declarations.values() {
        text.push_str("\nexport ");
        text.push_str(declaration);
        text.push('\n');
    }
    text.push_str("\nexport type Commands = {\n");
    for (name, input, output) in &all.commands {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\t{name}: {{ input: {input}; output: {output} }};");
    }
    text.push_str("};\n");
    text
}

#[derive(Default)]
struct Collector {
    config: Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
    commands: Vec<(&'static str, String, String)>,
}

impl Collector {
    fn take<T: TS + 'static + ?Sized>(&mut self) {
        self.visit_type::<T>();
    }

    fn visit_type<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Lists, options and primitives have no declaration of their own.
        if T::output_path().is_some() {
            self.declarations.insert(T::name(&self.config), T::decl(&self.config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.visit_type::<T>();
    }
}

impl CommandVisitor for Collector {
    fn visit<C: Command>(&mut self) {
        self.take::<C::Input>();
        self.take::<C::Output>();
        let (input, output) = (C::Input::name(&self.config), C::Output::name(&self.config));
        self.commands.push((C::NAME, input, output));
    }
}
