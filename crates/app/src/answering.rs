//! A form filled in without a screen: answers by question name become an instance, checked against the form.

use std::collections::BTreeMap;

use crate::completing::Submission;
use crate::error::AppError;
use crate::field::Field;
use crate::xform::Outline;
use crate::xml::{Step, attribute, unescape, walk};

type Answers = serde_json::Map<String, serde_json::Value>;

impl Field {
    /// Puts answers by question name into an instance of a form. A list of objects fills a repeat, a list of texts a
    /// question with several choices.
    ///
    /// Checked are names, codes, types and numeric ranges; what is relevant and required, the form engine of the
    /// interface judges.
    ///
    /// # Errors
    ///
    /// [`AppError::FormNotFound`]; [`AppError::AnswersInvalid`] names every question that does not hold.
    pub fn fill_in(&self, form: &str, answers: &Answers) -> Result<Submission, AppError> {
        let form = self.catalog.form(form)?;
        let rules = Rules::read(&form.xml);
        let mut faults = Vec::new();
        rules.check(answers, &mut faults);
        if !faults.is_empty() {
            faults.sort();
            faults.dedup();
            return Err(AppError::AnswersInvalid { questions: faults });
        }
        let answers_json = serde_json::Value::Object(answers.clone()).to_string();
        let instance_xml = rules.instance(&form.xml, answers);
        Ok(Submission { instance_xml, answers_json, blobs: vec![] })
    }
}

struct Rules {
    outline: Outline,
    binds: BTreeMap<String, Bind>,
}

#[derive(Default)]
struct Bind {
    value_type: String,
    constraint: String,
}

impl Rules {
    fn read(xml: &str) -> Self {
        let mut binds = BTreeMap::new();
        walk(xml, &mut |step| {
            if let Step::Open { name: "bind", attributes } = step {
                let text = |name: &str| unescape(attribute(attributes, name).unwrap_or_default());
                let path = text("nodeset");
                let question = path.rsplit('/').next().unwrap_or_default().to_owned();
                let bind = Bind { value_type: text("type"), constraint: text("constraint") };
                binds.insert(question, bind);
            }
        });
        Self { outline: Outline::read(xml), binds }
    }

    fn check(&self, answers: &Answers, faults: &mut Vec<String>) {
        for (question, answer) in answers {
            match answer {
                serde_json::Value::Null => {}
                serde_json::Value::Array(items) => {
                    for item in items {
                        match item {
                            serde_json::Value::Object(row) => self.check(row, faults),
                            one => self.check_one(question, one, faults),
                        }
                    }
                }
                serde_json::Value::Object(_) => faults.push(question.clone()),
                one => self.check_one(question, one, faults),
            }
        }
    }

    fn check_one(&self, question: &str, answer: &serde_json::Value, faults: &mut Vec<String>) {
        let text = as_text(answer);
        let holds = self.outline.takes(question, &text)
            && self.binds.get(question).is_none_or(|bind| bind.takes(&text));
        if !holds {
            faults.push(question.to_owned());
        }
    }

    /// The form's own empty instance with the answers in their places.
    fn instance(&self, xml: &str, answers: &Answers) -> String {
        let skeleton = xml
            .split_once("<instance>")
            .and_then(|(_, rest)| rest.split_once("</instance>"))
            .map_or("", |(skeleton, _)| skeleton);
        let mut out = String::new();
        let mut open: Vec<(String, bool)> = vec![];
        // Depth below which nothing of the skeleton is taken over: a template, or a repeat that answers replace.
        let mut skipped: Option<usize> = None;
        walk(skeleton, &mut |step| match step {
            Step::Open { name, attributes } => {
                let depth = open.len();
                open.push((name.to_owned(), false));
                if skipped.is_some() {
                    return;
                }
                let rows = answers.get(name).and_then(|it| it.as_array());
                let is_template = attribute(attributes, "jr:template").is_some();
                match rows {
                    Some(rows) if rows.iter().any(serde_json::Value::is_object) => {
                        if !is_template {
                            for row in rows {
                                self.row(name, row, &mut out);
                            }
                        }
                        skipped = Some(depth);
                    }
                    _ if is_template => skipped = Some(depth),
                    _ => {
                        out.push_str(&format_open(name, attributes));
                        if let Some(answer) = answers.get(name) {
                            out.push_str(&escape(&as_text(answer)));
                            open[depth].1 = true;
                        }
                    }
                }
            }
            Step::Text(text) => {
                // A default of the form stands unless it was answered.
                let is_answered = open.last().is_some_and(|it| it.1);
                if skipped.is_none() && !is_answered && !text.trim().is_empty() {
                    out.push_str(text.trim());
                }
            }
            Step::Close => {
                let Some((name, _)) = open.pop() else { return };
                match skipped {
                    Some(depth) if depth == open.len() => skipped = None,
                    Some(_) => {}
                    None => {
                        out.push_str("</");
                        out.push_str(&name);
                        out.push('>');
                    }
                }
            }
        });
        out
    }

    fn row(&self, name: &str, row: &serde_json::Value, out: &mut String) {
        out.push_str(&format_open(name, ""));
        for (question, answer) in row.as_object().into_iter().flatten() {
            if self.outline.questions.contains_key(question) {
                out.push_str(&format_open(question, ""));
                out.push_str(&escape(&as_text(answer)));
                out.push_str("</");
                out.push_str(question);
                out.push('>');
            }
        }
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

impl Bind {
    fn takes(&self, text: &str) -> bool {
        if text.is_empty() {
            return true;
        }
        let number = text.parse::<f64>().ok();
        let is_of_type = match self.value_type.as_str() {
            "int" => text.parse::<i64>().is_ok(),
            "decimal" => number.is_some_and(f64::is_finite),
            "date" => is_date(text),
            _ => true,
        };
        is_of_type && number.is_none_or(|it| self.is_in_range(it))
    }

    /// Judges the parts of a constraint that compare the answer with a number; other parts are the engine's.
    fn is_in_range(&self, number: f64) -> bool {
        self.constraint.split(" and ").all(|part| {
            let words: Vec<&str> = part.split_whitespace().collect();
            let [".", sign, limit] = words[..] else { return true };
            let Ok(limit) = limit.parse::<f64>() else { return true };
            match sign {
                ">=" => number >= limit,
                "<=" => number <= limit,
                ">" => number > limit,
                "<" => number < limit,
                _ => true,
            }
        })
    }
}

fn is_date(text: &str) -> bool {
    faltkarta_model::Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}

fn as_text(answer: &serde_json::Value) -> String {
    match answer {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        serde_json::Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn format_open(name: &str, attributes: &str) -> String {
    if attributes.trim().is_empty() {
        format!("<{name}>")
    } else {
        format!("<{name} {attributes}>")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORM: &str = include_str!("../../../data/forms/ventilmotionering.xml");

    fn answers(json: &serde_json::Value) -> Answers {
        json.as_object().unwrap().clone()
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as the call of a macro")]
    fn faults(json: serde_json::Value) -> Vec<String> {
        let mut faults = vec![];
        Rules::read(FORM).check(&answers(&json), &mut faults);
        faults
    }

    #[test]
    fn an_answer_outside_its_range_type_or_list_is_named() {
        assert_eq!(faults(json!({ "antal_varv": 501 })), ["antal_varv"]);
        assert_eq!(faults(json!({ "antal_varv": "arton" })), ["antal_varv"]);
        assert_eq!(faults(json!({ "resultat": "hittade_inte" })), ["resultat"]);
        assert_eq!(faults(json!({ "datum": "3/4" })), ["datum"]);
        assert_eq!(faults(json!({ "farg": "blå" })), ["farg"]);
        assert!(faults(json!({ "resultat": "fungerar", "antal_varv": 18 })).is_empty());
    }

    #[test]
    fn answers_stand_in_their_groups_and_repeats_as_often_as_they_were_given() {
        let given = answers(&json!({
            "resultat": "trog", "antal_varv": 18, "anmarkning": "tung < 40 Nm",
            "brister": [{ "brist_text": "lock" }, { "brist_text": "skylt" }],
        }));
        let xml = Rules::read(FORM).instance(FORM, &given);
        let found = crate::xml::leaves(&xml);
        let value = |path: &str| found.iter().find(|it| it.0 == path).map(|it| it.1.as_str());
        assert_eq!(value("mekanik/antal_varv"), Some("18"), "{xml}");
        assert_eq!(value("uppfoljning/anmarkning"), Some("tung < 40 Nm"));
        assert_eq!(value("brister/brist_text"), Some("lock"));
        assert_eq!(value("brister[2]/brist_text"), Some("skylt"));
    }
}
