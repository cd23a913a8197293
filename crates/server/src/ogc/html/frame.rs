use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::ogc::answer::{Answer, HTML};

/// The colours and sizes are those of the interface, `ui/src/tokens.css`.
const STYLE: &str = "\
:root{--panel:#fff;--sunken:#f1f4f2;--ink:#14211f;--ink-2:#465451;--line:#cfd7d4;--accent:#0f4c4f;--bar:#12302f;\
--on-bar:#f2f6f4;--focus:#14211f;--land:#f8f5ec;--map-ink:#22302d;color-scheme:light dark}\
@media(prefers-color-scheme:dark){:root{--panel:#151c1d;--sunken:#1e2728;--ink:#dce3e0;--ink-2:#a5b2af;--line:#303b3c;\
--accent:#62b3ad;--bar:#0c1213;--on-bar:#dce3e0;--focus:#ffc400;--land:#171e1e;--map-ink:#d3dbd8}}\
*{box-sizing:border-box}body{margin:0;background:var(--panel);color:var(--ink);\
font:0.9375rem/1.4 'IBM Plex Sans',system-ui,sans-serif}\
header{background:var(--bar);color:var(--on-bar);padding:0.75rem 1.25rem}header a{color:var(--on-bar)}\
header p{margin:0;font-weight:600}nav ol{list-style:none;margin:0.25rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:0.5rem}\
nav li+li::before{content:'\\203a';margin-right:0.5rem}main{padding:1.25rem;max-width:75rem;margin:0 auto}\
h1{font-size:1.625rem;line-height:1.2;margin:0 0 0.5rem}h2{font-size:1.25rem;margin:1.5rem 0 0.5rem}\
a{color:var(--accent)}a:focus-visible{outline:3px solid var(--focus);outline-offset:2px}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--ink-2);padding:0.25rem 0}\
th,td{text-align:left;vertical-align:top;padding:0.375rem 0.75rem 0.375rem 0;border-bottom:1px solid var(--line)}\
tbody th{font-weight:600}.source{color:var(--ink-2)}code{background:var(--sunken);padding:0 0.25rem;border-radius:4px}\
figure{margin:1rem 0}svg{display:block;width:100%;height:auto;max-width:48rem;background:var(--land);\
border:1px solid var(--line);border-radius:8px}figcaption{color:var(--ink-2);font-size:0.8125rem;padding-top:0.25rem}\
.shape{fill:var(--accent);fill-opacity:0.25;stroke:var(--accent);stroke-width:1.5;stroke-linejoin:round;fill-rule:evenodd}\
.path{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}.dot{fill:var(--accent);stroke:var(--land)}\
.rule{stroke:var(--map-ink);stroke-width:2}.note{fill:var(--map-ink);font-size:12px}\
.pages{margin:1rem 0}footer{padding:1rem 1.25rem;border-top:1px solid var(--line);color:var(--ink-2)}";

/// Nothing but the style above, which is known by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// A page: its title, where it lies as addresses with names, and its content, which is HTML.
pub(super) fn page(base: &str, title: &str, trail: &[(String, String)], content: &str) -> Answer {
    let mut places = format!("<li><a href=\"{}/\">Start</a></li>", escaped(base));
    for (address, name) in trail {
        // Writing to a string cannot fail.
        let _ = write!(places, "<li><a href=\"{}\">{}</a></li>", escaped(address), escaped(name));
    }
    let title = escaped(title);
    let body = format!(
        "<!doctype html><html lang=\"sv\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Fältkarta</title><style>{STYLE}</style></head><body>\
         <header><p>Fältkarta: geodata</p><nav aria-label=\"Var du är\"><ol>{places}</ol></nav></header>\
         <main><h1>{title}</h1>{content}</main>\
         <footer>Samma uppgifter ges till program som GeoJSON: \
         <a href=\"{base}/api?f=html\">så frågar ett program</a>.</footer></body></html>",
        base = escaped(base),
    );
    Answer::of(HTML, body)
        .with("content-security-policy", POLICY.as_str())
        .with("referrer-policy", "no-referrer")
}

/// Text that means nothing to a browser but itself.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_field_holds_becomes_markup() {
        let wild = "<script>alert(\"x\")</script>&'";
        let safe = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;";
        assert_eq!(escaped(wild), safe);
        let page = page("http://a", wild, &[(wild.into(), wild.into())], "");
        assert!(!page.body.contains("<script") && page.body.contains(safe));
    }

    #[test]
    fn the_style_needs_nothing_that_markup_would_change() {
        assert!(!STYLE.contains(['<', '&']));
    }
}
