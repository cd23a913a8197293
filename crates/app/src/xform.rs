//! What the core needs to know of an XForm: its questions, and the codes of its choices with their Swedish names.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crate::xml::{Step, attribute, leaves, unescape, walk};

/// A form's questions by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Question name to its choices: code to Swedish name; empty for questions without choices.
    pub questions: BTreeMap<String, BTreeMap<String, String>>,
}

impl Outline {
    /// Reads what there is; a form that is none has no questions.
    pub fn read(xml: &str) -> Self {
        let mut reader = Reader::default();
        walk(xml, &mut |step| reader.see(step));
        let mut outline = Self::default();
        for (path, _) in leaves(&reader.first_instance) {
            if !path.contains("meta/") {
                outline.questions.entry(last(&path).to_owned()).or_default();
            }
        }
        for (question, list) in &reader.list_of_question {
            let Some(items) = reader.items.get(list) else { continue };
            let named = items.iter().map(|(code, text_id)| {
                let name = reader.texts.get(text_id).cloned().unwrap_or_else(|| code.clone());
                (code.clone(), name)
            });
            outline.questions.entry(question.clone()).or_default().extend(named);
        }
        outline
    }

    /// The name of a code in the choices of a question; the text itself where there is none.
    pub fn shown(&self, question: &str, answer: &str) -> String {
        let name = self.questions.get(question).and_then(|it| it.get(answer));
        name.cloned().unwrap_or_else(|| answer.to_owned())
    }

    /// Whether a value fits a question: any text, or one of its codes.
    pub fn takes(&self, question: &str, value: &str) -> bool {
        self.questions.get(question).is_some_and(|it| it.is_empty() || it.contains_key(value))
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[derive(Default)]
struct Reader {
    stack: Vec<String>,
    // The primary instance is the one without an id; its markup is kept to be read as an instance.
    first_instance: String,
    is_first: bool,
    first_depth: usize,
    list: String,
    item: (String, String),
    items: HashMap<String, Vec<(String, String)>>,
    is_default_language: bool,
    n_languages: u32,
    text_id: String,
    texts: HashMap<String, String>,
    control: String,
    list_of_question: BTreeMap<String, String>,
}

impl Reader {
    fn see(&mut self, step: Step<'_>) {
        match step {
            Step::Open { name, attributes } => self.open(name, attributes),
            Step::Text(text) => self.text(text),
            Step::Close => self.close(),
        }
    }

    fn open(&mut self, name: &str, attributes: &str) {
        self.stack.push(name.to_owned());
        if self.is_first {
            // Writing to a string cannot fail, here and below.
            let _ = write!(self.first_instance, "<{name} {attributes}>");
            return;
        }
        match name {
            "instance" => match attribute(attributes, "id") {
                Some(id) => id.clone_into(&mut self.list),
                None if self.first_instance.is_empty() => {
                    self.is_first = true;
                    self.first_depth = self.stack.len();
                }
                None => {}
            },
            "item" => self.item = Default::default(),
            "translation" => {
                self.n_languages += 1;
                // The first language is Swedish in every form of ours; one marked as default goes before it.
                self.is_default_language =
                    self.n_languages == 1 || attributes.contains("default=\"true()\"");
            }
            "text" => attribute(attributes, "id").unwrap_or_default().clone_into(&mut self.text_id),
            "select1" | "select" => {
                let path = attribute(attributes, "ref").unwrap_or_default();
                last(path).clone_into(&mut self.control);
            }
            "itemset" => {
                let nodeset = attribute(attributes, "nodeset").unwrap_or_default();
                let list = nodeset.split('\'').nth(1).unwrap_or_default();
                self.list_of_question.insert(self.control.clone(), list.to_owned());
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_first {
            self.first_instance.push_str(text);
            return;
        }
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let parent = self.stack.iter().rev().nth(1).map_or("", String::as_str);
        match (parent, self.stack.last().map_or("", String::as_str)) {
            ("item", "name") => self.item.0 = unescape(text),
            ("item", "itextId") => self.item.1 = unescape(text),
            ("text", "value") if self.is_default_language => {
                self.texts.insert(self.text_id.clone(), unescape(text));
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        if self.is_first {
            if self.stack.len() == self.first_depth {
                self.is_first = false;
            } else if let Some(name) = self.stack.last() {
                let _ = write!(self.first_instance, "</{name}>");
            }
        } else if self.stack.last().is_some_and(|it| it == "item") {
            let item = std::mem::take(&mut self.item);
            self.items.entry(self.list.clone()).or_default().push(item);
        }
        self.stack.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = include_str!("../../../data/forms/ventilmotionering.xml");

    #[test]
    fn choices_of_a_question_are_named_in_swedish() {
        let outline = Outline::read(FORM);
        assert_eq!(outline.shown("resultat", "ej_stangbar"), "Ej stängbar");
        assert_eq!(outline.shown("resultat", "okänd kod"), "okänd kod");
    }

    #[test]
    fn a_question_takes_its_own_codes_only_and_text_takes_all() {
        let outline = Outline::read(FORM);
        assert!(outline.takes("resultat", "fungerar"));
        assert!(!outline.takes("resultat", "Fungerar"));
        assert!(outline.takes("nummer", "AV-118"));
        assert!(!outline.takes("finns_inte", "x"));
        assert!(!outline.questions.contains_key("instanceID"));
    }
}
