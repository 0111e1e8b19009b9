//! Debian's chromium, driven over its WebDriver.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, LoggingPrefsLogLevel};

use crate::stage::{Doors, until};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// A screen, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    /// As a phone has it: a browser's window cannot be made so small.
    pub is_phone: bool,
}

pub const DESKTOP: Screen = Screen { width: 1280, height: 900, is_phone: false };
pub const PHONE: Screen = Screen { width: 390, height: 844, is_phone: true };

/// A browser with its one page.
pub struct Browser {
    driver: WebDriver,
    pages: String,
}

/// The driver's process.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        for program in ["chromium", "chromedriver"] {
            let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(
                found.is_ok_and(|status| status.success()),
                "missing: {program}\nmend:    apt-get install chromium chromium-driver"
            );
        }
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            // Fields for dates are the browser's own; German with chromium-l10n.
            .env("LANGUAGE", "de")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let driver = Self { child, url: String::new() };
        let port = port.unwrap_or_else(|| panic!("chromedriver ended before it listened"));
        Self::at(driver, port)
    }

    fn at(mut driver: Self, port: u16) -> Self {
        driver.url = format!("http://127.0.0.1:{port}");
        driver
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives `play` a browser of its own, which ends with it, however it ends.
pub async fn browse(doors: &Doors, play: impl AsyncFnOnce(Browser)) {
    let driver = Driver::start();
    let profile = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut wanted = DesiredCapabilities::chrome();
    let data = format!("--user-data-dir={}", profile.path().display());
    // --no-sandbox: chromium refuses root otherwise, and the only pages it opens here are our own.
    let args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=de", &data];
    for arg in args {
        wanted.add_arg(arg).unwrap();
    }
    wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
    let session = WebDriver::builder(&driver.url, wanted).request_timeout(Duration::from_mins(1)).await.unwrap();
    let pages = doors.pages.clone();
    let ended = session.run_and_quit(|driver| async {
        let browser = Browser { driver, pages };
        browser.show_as(DESKTOP, Scheme::Light).await;
        play(browser).await;
        Ok::<(), WebDriverError>(())
    });
    ended.await.unwrap();
}

impl Browser {
    /// Opens a page, by its path or its whole address.
    pub async fn open(&self, path: &str) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.pages) };
        self.driver.goto(url).await.unwrap();
    }

    /// Path and query of the page that is shown.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// What a script returns.
    pub async fn script(&self, script: &str) -> Value {
        self.driver.execute(script.to_owned(), vec![]).await.unwrap().json().clone()
    }

    /// The same; none while one page gives way to another.
    pub async fn try_script(&self, script: &str) -> Option<Value> {
        self.driver.execute(script.to_owned(), vec![]).await.ok().map(|said| said.json().clone())
    }

    /// What a script says when it is done: it calls `arguments[0]`.
    pub async fn later(&self, script: &str) -> Value {
        self.driver.execute_async(script.to_owned(), vec![]).await.unwrap().json().clone()
    }

    /// How many elements there are.
    pub async fn count(&self, css: &str) -> usize {
        self.driver.find_all(By::Css(css)).await.unwrap().len()
    }

    /// Waits for an element.
    pub async fn find(&self, css: &str) -> WebElement {
        until(css, async || self.driver.find(By::Css(css)).await.ok()).await
    }

    /// Text of an element.
    pub async fn text(&self, css: &str) -> String {
        until(css, async || self.driver.find(By::Css(css)).await.ok()?.text().await.ok()).await
    }

    /// Clicks an element.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Writes into a field, in place of what stands there.
    pub async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses from a list.
    pub async fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value=\"{value}\"]")).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: impl AsRef<str>) {
        self.driver.action_chain().send_keys(keys.as_ref()).perform().await.unwrap();
    }

    /// Back, as with the browser's button.
    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// Logs in as the demo user.
    pub async fn log_in(&self, doors: &Doors) {
        self.open("/login").await;
        self.write("#name", "demo").await;
        self.write("#password", &doors.password).await;
        self.click("[data-page=login] button").await;
        self.find("[data-part=orders]").await;
    }

    /// From now on pages are shown like this.
    pub async fn show_as(&self, screen: Screen, scheme: Scheme) {
        let Screen { width, height, is_phone } = screen;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        self.tell("Emulation.setTouchEmulationEnabled", json!({"enabled": is_phone})).await;
        let scheme = if scheme == Scheme::Dark { "dark" } else { "light" };
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tell("Emulation.setEmulatedMedia", feature).await;
    }

    /// A command of the browser's tools for developers.
    pub async fn tell(&self, command: &str, with: Value) -> Value {
        self.driver.cdp().send_raw(command, with).await.unwrap()
    }

    /// What the console has said since the last time it was asked.
    pub async fn console(&self) -> Vec<BrowserLogEntry> {
        self.driver.browser_log().await.unwrap()
    }

    /// The part of the page that the screen shows, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.unwrap()
    }
}
