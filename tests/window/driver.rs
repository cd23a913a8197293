//! The desktop program in a window, and what a person can do in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::patience::{LONGEST, Patience};
use crate::programs::{Running, children_of, free_port, installed, name_of, program};
use crate::screen::Screen;

/// The key under which WebDriver names an element (W3C WebDriver, "web element identifier").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Why a journey stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WindowError {
    /// The process that draws the window died: a fault of its own, not of what was looked for.
    #[error("web process gone while waiting for {what}")]
    WebProcessGone { what: String },
    /// It did not come.
    #[error("{what} did not come within {LONGEST:?}; on the screen: {seen}")]
    NotSeen { what: String, seen: String },
    /// The driver refused.
    #[error("driver: {error}: {message}")]
    Refused { error: String, message: String },
    /// The driver does not answer.
    #[error("driver does not answer")]
    Silent(#[from] ureq::Error),
}

/// An element of the page.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

/// One start of the desktop program.
#[derive(Debug)]
pub(crate) struct Window<'s> {
    screen: &'s Screen,
    address: String,
    agent: ureq::Agent,
    dir: PathBuf,
    driver: Running,
}

impl<'s> Window<'s> {
    /// Starts the program on a laptop's folder, with the package that an installer would carry.
    pub(crate) fn open(
        screen: &'s Screen,
        dir: &Path,
        bundle: Option<&Path>,
    ) -> Result<Self, WindowError> {
        let port = free_port();
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("DISPLAY", screen.display())
            .env_remove("WAYLAND_DISPLAY")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            // Mesa's software renderer now and then crashes the compositor thread of the web process.
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("FALTKARTA_KEY_STORE", "file")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(bundle) = bundle {
            command.env("FALTKARTA_BUNDLE", bundle);
        }
        let driver = Running::start(&mut command);
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LONGEST))
            .proxy(None)
            .build()
            .new_agent();
        let mut window = Self {
            screen,
            address: format!("http://127.0.0.1:{port}"),
            agent,
            dir: dir.to_owned(),
            driver,
        };
        window.wait_for_driver()?;
        let binary = installed().unwrap_or_else(|| program("faltkarta-desktop"));
        let options = json!({ "binary": binary, "args": ["--dir", dir] });
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let session = window.post("/session", &wanted)?;
        let id = session["sessionId"].as_str().unwrap_or_default().to_owned();
        window.address = format!("{}/session/{id}", window.address);
        Ok(window)
    }

    fn wait_for_driver(&self) -> Result<(), WindowError> {
        let patience = Patience::begin();
        loop {
            match self.get("/status") {
                Ok(_) => return Ok(()),
                Err(error) if !patience.is_left() => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Process id of the desktop program.
    pub(crate) fn desktop_pid(&mut self) -> u32 {
        let driver = self.driver.child().id();
        let pid = children_of(driver).into_iter().find(|pid| name_of(*pid) == "faltkarta-deskt");
        pid.expect("the driver started the desktop program")
    }

    /// Runs a script in the page; it sees `arguments` and returns its answer.
    pub(crate) fn run(&self, script: &str, arguments: &[Value]) -> Result<Value, WindowError> {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Waits until a script answers something else than `null`, `false` or nothing.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        script: &str,
        arguments: &[Value],
    ) -> Result<Value, WindowError> {
        let patience = Patience::begin();
        loop {
            match self.run(script, arguments) {
                Ok(Value::Null | Value::Bool(false)) => {}
                Ok(answer) => return Ok(answer),
                // The page may be about to be loaded.
                Err(WindowError::Refused { .. }) if !self.has_lost_web_process() => {}
                Err(_) if self.has_lost_web_process() => {
                    return Err(WindowError::WebProcessGone { what: what.to_owned() });
                }
                Err(error) => return Err(error),
            }
            if !patience.is_left() {
                self.screen.shoot("not-seen");
                let seen = self.run("return document.body.innerText.slice(0, 2000)", &[])?;
                let seen = seen.as_str().unwrap_or_default().replace('\n', " · ");
                return Err(WindowError::NotSeen { what: what.to_owned(), seen });
            }
        }
    }

    /// Waits until the map has drawn all that it asked for.
    pub(crate) fn wait_for_map(&self) -> Result<(), WindowError> {
        const IDLE: &str = "const it = window.__faltkarta;
            return !!it?.map && it.map.loaded() && it.map.areTilesLoaded()";
        self.wait_for("the map", IDLE, &[]).map(|_| ())
    }

    /// Waits for a text that can be seen.
    pub(crate) fn see(&self, text: &str) -> Result<(), WindowError> {
        self.wait_for(text, "return document.body.innerText.includes(arguments[0])", &[text.into()])
            .map(|_| ())
    }

    /// Waits for a text in a part of the page that a CSS selector names.
    pub(crate) fn see_in(&self, selector: &str, text: &str) -> Result<(), WindowError> {
        const HAS: &str = "return [...document.querySelectorAll(arguments[0])]
            .some((it) => it.innerText.includes(arguments[1]))";
        let what = format!("{text} in {selector}");
        self.wait_for(&what, HAS, &[selector.into(), text.into()]).map(|_| ())
    }

    /// The first visible element of a role whose accessible name begins with the name given.
    pub(crate) fn find(&self, role: &str, name: &str) -> Result<Element, WindowError> {
        let answer = self.wait_for(&format!("{role} {name}"), FIND, &[role.into(), name.into()])?;
        Ok(Element(answer[ELEMENT].as_str().unwrap_or_default().to_owned()))
    }

    /// The first element that a CSS selector names, visible or not.
    pub(crate) fn select(&self, selector: &str) -> Result<Element, WindowError> {
        const SELECT: &str = "return document.querySelector(arguments[0])";
        let answer = self.wait_for(selector, SELECT, &[selector.into()])?;
        Ok(Element(answer[ELEMENT].as_str().unwrap_or_default().to_owned()))
    }

    /// Presses what has this role and name.
    pub(crate) fn press(&self, role: &str, name: &str) -> Result<(), WindowError> {
        self.click(&self.find(role, name)?)
    }

    /// Presses what a CSS selector names.
    pub(crate) fn press_what(&self, selector: &str) -> Result<(), WindowError> {
        self.click(&self.select(selector)?)
    }

    /// Presses in what a CSS selector names, at pixels from its middle.
    pub(crate) fn press_at(&self, selector: &str, (x, y): (i32, i32)) -> Result<(), WindowError> {
        let element = self.select(selector)?;
        let origin = json!({ ELEMENT: element.0 });
        let actions = json!({ "actions": [{
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [
                { "type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": origin },
                { "type": "pointerDown", "button": 0 },
                { "type": "pointerUp", "button": 0 },
            ],
        }] });
        self.post("/actions", &actions).map(|_| ())
    }

    fn click(&self, element: &Element) -> Result<(), WindowError> {
        self.post(&format!("/element/{}/click", element.0), &json!({})).map(|_| ())
    }

    /// Empties a field.
    pub(crate) fn clear(&self, element: &Element) -> Result<(), WindowError> {
        self.post(&format!("/element/{}/clear", element.0), &json!({})).map(|_| ())
    }

    /// Types into an element; for a file input, the path of a file.
    pub(crate) fn type_into(&self, element: &Element, text: &str) -> Result<(), WindowError> {
        self.post(&format!("/element/{}/value", element.0), &json!({ "text": text })).map(|_| ())
    }

    /// Keeps a picture of the screen, when a folder for pictures is named.
    pub(crate) fn shoot(&self, name: &str) -> Result<(), WindowError> {
        // Two frames on, what was asked for before is drawn.
        const DRAWN: &str = "const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
        self.post("/execute/async", &json!({ "script": DRAWN, "args": [] }))?;
        self.screen.shoot(name);
        Ok(())
    }

    /// How many lines of the shell's log of this laptop hold a text.
    pub(crate) fn n_logged(&self, text: &str) -> usize {
        let log = std::fs::read_to_string(self.dir.join("logs/faltkarta.log"));
        log.unwrap_or_default().lines().filter(|line| line.contains(text)).count()
    }

    fn has_lost_web_process(&self) -> bool {
        self.n_logged("web process gone") > 0
    }

    fn get(&self, path: &str) -> Result<Value, WindowError> {
        answer(self.agent.get(format!("{}{path}", self.address)).call()?)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, WindowError> {
        answer(self.agent.post(format!("{}{path}", self.address)).send_json(body)?)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value, WindowError> {
    // Pictures of the window are larger than the client's usual limit.
    let mut body: Value = response.body_mut().with_config().limit(64 << 20).read_json()?;
    let value = body["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(WindowError::Refused {
            error: error.to_owned(),
            message: value["message"].as_str().unwrap_or_default().to_owned(),
        }),
        None => Ok(value),
    }
}

/// Finds by role and accessible name, near enough to how a screen reader would.
const FIND: &str = r#"
const [role, name] = arguments;
const selectors = {
    button: "button, [role=button], summary",
    link: "a[href], [role=link]",
    option: "[role=option]",
    tab: "[role=tab]",
    radio: "input[type=radio], [role=radio]",
    checkbox: "input[type=checkbox], [role=checkbox], [role=switch]",
    textbox: "input:not([type=radio]):not([type=checkbox]):not([type=file]), textarea, [role=textbox], [role=combobox]",
};
const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const nameOf = (it) => {
    const by = it.getAttribute("aria-labelledby");
    if (by) return tidy(by.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(" "));
    if (it.ariaLabel) return tidy(it.ariaLabel);
    if (it.labels?.length) return tidy([...it.labels].map((label) => label.innerText).join(" "));
    return tidy(it.innerText) || tidy(it.title) || tidy(it.placeholder);
};
const isVisible = (it) => it.checkVisibility({ visibilityProperty: true }) || it.labels?.[0]?.checkVisibility();
const all = [...document.querySelectorAll(selectors[role])].filter(isVisible);
return all.find((it) => nameOf(it) === name) ?? all.find((it) => nameOf(it).startsWith(name)) ?? null;
"#;
