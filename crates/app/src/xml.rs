//! Just enough XML for form instances and forms that our own tools wrote: elements, text, the five entities.
//! Nothing here can fail: what does not read as XML reads as less.

/// One step through a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Open { name: &'a str, attributes: &'a str },
    Text(&'a str),
    Close,
}

/// Shows a document step by step; an element without content is opened and closed.
pub(crate) fn walk<'a>(xml: &'a str, see: &mut impl FnMut(Step<'a>)) {
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        if !text.is_empty() {
            see(Step::Text(text));
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |it| it.1);
            continue;
        }
        let Some((inner, after)) = tag[1..].split_once('>') else { return };
        rest = after;
        if inner.starts_with(['?', '!']) {
            continue;
        }
        if inner.starts_with('/') {
            see(Step::Close);
            continue;
        }
        let (inner, is_empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, attributes) =
            inner.split_once(|it: char| it.is_ascii_whitespace()).unwrap_or((inner, ""));
        see(Step::Open { name, attributes });
        if is_empty {
            see(Step::Close);
        }
    }
}

/// The value of an attribute, as written.
pub(crate) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|it| matches!(it, '"' | '\''))?;
        let (value, behind) = after[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(value);
        }
        rest = behind;
    }
}

/// Text with its entities read.
pub(crate) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#13;", "\r")
        .replace("&amp;", "&")
}

/// Every leaf of an instance with its text: the path below the root, repeats numbered from 1 where there are more.
pub(crate) fn leaves(xml: &str) -> Vec<(String, String)> {
    struct Open<'a> {
        name: String,
        has_children: bool,
        text: String,
        // Names of the children so far, to number repeats.
        children: Vec<&'a str>,
    }
    let mut open: Vec<Open<'_>> = vec![];
    let mut found = vec![];
    walk(xml, &mut |step| match step {
        Step::Open { name, attributes } => {
            let mut numbered = name.to_owned();
            if let Some(parent) = open.last_mut() {
                parent.has_children = true;
                let is_template = attribute(attributes, "jr:template").is_some();
                let n = 1 + parent.children.iter().filter(|it| **it == name).count();
                if !is_template {
                    parent.children.push(name);
                }
                if n > 1 {
                    numbered = format!("{name}[{n}]");
                }
            }
            open.push(Open {
                name: numbered,
                has_children: false,
                text: String::new(),
                children: vec![],
            });
        }
        Step::Text(text) => {
            if let Some(it) = open.last_mut() {
                it.text.push_str(text);
            }
        }
        Step::Close => {
            let Some(leaf) = open.pop() else { return };
            if !leaf.has_children && !open.is_empty() {
                let path: Vec<&str> = open
                    .iter()
                    .skip(1)
                    .map(|it| it.name.as_str())
                    .chain([leaf.name.as_str()])
                    .collect();
                found.push((path.join("/"), unescape(leaf.text.trim())));
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_named_by_their_path_and_repeats_by_number() {
        let xml = "<?xml version=\"1.0\"?><data id=\"a\"><n>AV &amp; 1</n><g><varv>12</varv><tom/></g>\
                   <brist><t>ett</t></brist><brist><t>två</t></brist></data>";
        let found = leaves(xml);
        let pairs: Vec<(&str, &str)> =
            found.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("n", "AV & 1"),
                ("g/varv", "12"),
                ("g/tom", ""),
                ("brist/t", "ett"),
                ("brist[2]/t", "två")
            ]
        );
    }

    #[test]
    fn text_that_is_no_xml_has_no_leaves() {
        for text in ["", "hello", "<", "<a", "<a>", "</a></a>", "<a><b></a", "<!-- x"] {
            assert!(leaves(text).len() <= 1, "{text}");
        }
    }

    #[test]
    fn an_attribute_is_found_behind_others() {
        let attributes = "nodeset=\"instance('x')/root\" ref='/data/a'";
        assert_eq!(attribute(attributes, "ref"), Some("/data/a"));
        assert_eq!(attribute(attributes, "none"), None);
    }
}
