//! What stands in a mail, for text and HTML alike.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::gather::{Draft, Kind};
use super::tidy::{cut, scrub, tidy};
use crate::config::{MandantId, Settings};
use crate::journal::{Amounts, News};
use crate::money::Currency;
use crate::text::amounts::amount;
use crate::text::{Language, Letters, Notice, Number, Phrase};

/// Orders listed in one mail at most, the newest of them; the rest is counted.
const MOST_LINES: usize = 1_000;
/// Longest subject, in characters.
const SUBJECT: usize = 120;

/// How a mail looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something to do.
    Problem,
    /// Done.
    Solved,
    /// To know.
    Plain,
}

/// A mail before it is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `de`, `en`.
    pub language: &'static str,
    /// Subject; without the mark of a test.
    pub subject: String,
    /// How it looks.
    pub tone: Tone,
    /// Set for a test mandant: the sentence that says so.
    pub test: Option<&'static str>,
    /// Whose mail it is.
    pub mandant: String,
    /// Heading.
    pub title: String,
    /// First sentences.
    pub lead: Vec<String>,
    /// The parts.
    pub blocks: Vec<Block>,
    /// Last line.
    pub footer: &'static str,
}

/// A part of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// `PP-1203`
    pub number: Option<String>,
    /// What happened.
    pub heading: String,
    /// Facts, with their names.
    pub facts: Vec<(String, String)>,
    /// Orders.
    pub lines: Vec<Line>,
    /// That there are more.
    pub more: Option<String>,
    /// Heading of what to do now, and what.
    pub now: Option<(&'static str, String)>,
    /// Where to look.
    pub link: Option<Link>,
    /// What to type where there are no pages.
    pub command: Option<String>,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub order: String,
    /// More of it: what happened to it, its amount.
    pub text: String,
    /// Its page.
    pub url: Option<String>,
}

/// A link with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Address.
    pub url: String,
    /// Words.
    pub text: &'static str,
}

/// What a piece of news holds, as the journal stored it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Told {
    number: Option<Number>,
    values: Vec<(String, String)>,
    order_nr: Option<i64>,
    order_nr_external: String,
    currency: Option<Currency>,
    amounts: Option<Amounts>,
}

/// What all pages of a mandant share.
pub struct Desk<'a> {
    /// Settings in force.
    pub settings: &'a Settings,
    /// Whose mails.
    pub mandant: &'a MandantId,
}

impl Desk<'_> {
    pub(super) fn language(&self) -> Language {
        self.settings.language
    }

    pub(super) fn words(&self) -> &'static Letters {
        Letters::of(self.settings.language)
    }

    pub(super) fn is_test(&self) -> bool {
        self.settings.is_test(self.mandant)
    }

    /// An empty page with this subject; the mandant's code is put in front of it, and `[TEST]` for a test mandant.
    pub(super) fn page(&self, tone: Tone, title: &str, subject: &str) -> Page {
        let words = self.words();
        let name = self.settings.mandants.get(self.mandant).map(|block| tidy(&block.name)).unwrap_or_default();
        let id = tidy(&self.mandant.0);
        let mandant = if name.is_empty() || name == id { id.clone() } else { format!("{name} ({id})") };
        Page {
            language: match self.language() {
                Language::De => "de",
                Language::En => "en",
            },
            subject: cut(&format!("{}{}", self.before_subject(), tidy(subject)), SUBJECT),
            tone,
            test: self.is_test().then_some(words.test),
            mandant,
            title: title.to_owned(),
            lead: Vec::new(),
            blocks: Vec::new(),
            footer: words.footer,
        }
    }

    /// Address of an order's page.
    pub(super) fn url(&self, order_nr: i64) -> Option<String> {
        let mut url = self.settings.web.public_url.clone()?;
        let nr = order_nr.to_string();
        url.path_segments_mut().ok()?.pop_if_empty().extend(["orders", self.mandant.0.as_str(), nr.as_str()]);
        Some(url.to_string())
    }

    /// The page of a draft that is not a daily one. `answers`: who said what of an order's last refused step, by news.
    pub fn of(&self, draft: &Draft, answers: &BTreeMap<i64, Answer>) -> Page {
        let words = self.words();
        let groups = self.groups(&draft.news);
        // What is over is no problem; it stands last.
        let problems = draft.news.iter().filter(|one| one.kind != "solved").count();
        let solved = draft.news.len() - problems;
        let first = groups.first().and_then(|group| group.first());
        let (tone, title, subject) = match first {
            Some(one) if problems == 0 => (Tone::Solved, words.solved.to_owned(), self.over(one, solved)),
            Some(one) if problems == 1 && solved == 0 => (Tone::Problem, words.problem.to_owned(), self.about(one)),
            Some(one) if draft.kind == Kind::Problem => {
                let text = common(&groups[0], |one| &one.text).unwrap_or_else(|| capital(words.problems));
                let subject = self.numbered(&format!("{problems} {}: {text}", words.orders), &one.number);
                (Tone::Problem, capital(words.problems), subject)
            }
            _ if solved == 0 => (Tone::Problem, words.digest.to_owned(), format!("{}: {problems}", words.digest)),
            _ => {
                let subject = format!("{}: {problems} ({}: {solved})", words.digest, words.solved);
                (Tone::Problem, words.digest.to_owned(), subject)
            }
        };
        let mut page = self.page(tone, &title, &subject);
        let lead = match draft.kind {
            _ if problems == 0 => words.solved_lead,
            _ if problems == 1 => words.problem_lead,
            Kind::Problem => words.list_lead,
            _ => words.digest_lead,
        };
        page.lead.push(lead.to_owned());
        if problems > 0 && solved > 0 {
            page.lead.push(words.digest_solved.to_owned());
        }
        if draft.held_back {
            page.lead.push(words.held_back.to_owned());
        }
        page.blocks = groups.iter().map(|group| self.block(group, answers)).collect();
        page
    }

    /// Subject of a mail about one problem.
    fn about(&self, one: &Item) -> String {
        let text = match one.told.order_nr {
            Some(nr) => format!("{} {nr}: {}", self.words().order, one.text),
            None => one.text.clone(),
        };
        self.numbered(&text, &one.number)
    }

    /// A subject that ends with the error number, whatever has to be cut.
    fn numbered(&self, text: &str, number: &str) -> String {
        let kept = self.before_subject().chars().count() + number.chars().count() + " ()".len();
        format!("{} ({number})", cut(text.trim_end_matches('.'), SUBJECT.saturating_sub(kept)))
    }

    /// What stands before each subject: the mark of a test and the mandant's code.
    fn before_subject(&self) -> String {
        let id = tidy(&self.mandant.0);
        let mark = if self.is_test() { "[TEST] " } else { "" };
        if id.is_empty() { mark.to_owned() } else { format!("{mark}{id}: ") }
    }

    /// Subject of a mail about what is over.
    fn over(&self, first: &Item, solved: usize) -> String {
        let words = self.words();
        match first.told.order_nr {
            Some(nr) if solved == 1 => format!("{}: {} {nr} ({})", words.solved, words.order, first.number),
            _ if solved == 1 => format!("{}: {}", words.solved, first.number),
            _ => format!("{}: {solved} {}", words.solved, words.problems),
        }
    }

    /// News of one cause and kind together, in the order of their first.
    fn groups(&self, news: &[News]) -> Vec<Vec<Item>> {
        let mut groups: Vec<Vec<Item>> = Vec::new();
        for one in news {
            let item = self.item(one);
            let same = |group: &&mut Vec<Item>| {
                group.first().is_some_and(|first| first.number == item.number && first.solved == item.solved)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(item),
                None => groups.push(vec![item]),
            }
        }
        groups
    }

    fn item(&self, news: &News) -> Item {
        let told: Told = serde_json::from_value(news.params.clone()).unwrap_or_default();
        let language = self.language();
        let notice = told.number.map(|number| Notice { values: tidied(&told.values), ..Notice::problem(number) });
        // A cause this version does not know is shown as it is: never silence.
        let text = notice.as_ref().map_or_else(|| tidy(&news.fingerprint), |notice| scrub(&notice.text(language)));
        let now = notice.as_ref().map(|notice| scrub(&notice.what_now(language))).unwrap_or_default();
        let number =
            told.number.map_or_else(|| news.topic.clone().unwrap_or_else(|| "-".to_owned()), |n| n.to_string());
        Item { id: news.id, number, text, now, solved: news.kind == "solved", told }
    }

    fn block(&self, group: &[Item], answers: &BTreeMap<i64, Answer>) -> Block {
        let words = self.words();
        let number = group.first().map(|one| one.number.clone());
        let solved = group.iter().all(|one| one.solved);
        if let [one] = group {
            return self.single(one, solved, answers);
        }
        let text = common(group, |one| &one.text);
        let now = common(group, |one| &one.now);
        let more = group.len().saturating_sub(MOST_LINES);
        let lines = group.iter().skip(more).map(|one| {
            let own = if text.is_some() { String::new() } else { one.text.clone() };
            let own_now = if now.is_some() || solved { String::new() } else { one.now.clone() };
            let parts = [self.total(&one.told), own, own_now];
            self.line(&one.told, &parts)
        });
        let lines: Vec<Line> = lines.collect();
        let heading = match (text, solved) {
            (Some(text), true) => format!("{}: {text}", words.solved),
            (None, true) => format!("{}: {} {}", words.solved, group.len(), words.orders),
            (Some(text), false) => text,
            (None, false) => format!("{} {}", group.len(), words.orders),
        };
        Block {
            number,
            heading,
            lines,
            more: self.more(words.older, more),
            now: now.filter(|now| !solved && !now.is_empty()).map(|now| (words.what_now, now)),
            ..Block::default()
        }
    }

    /// That some are not listed; none where all are.
    pub(super) fn more(&self, words: &str, count: usize) -> Option<String> {
        let command = format!("pixi-payd orders --problems --limit all --mandant {}", tidy(&self.mandant.0));
        (count > 0).then(|| words.replace("{count}", &count.to_string()).replace("{command}", &command))
    }

    fn single(&self, one: &Item, solved: bool, answers: &BTreeMap<i64, Answer>) -> Block {
        let words = self.words();
        let told = &one.told;
        let mut facts = Vec::new();
        let mut fact = |name: &str, value: String| {
            if !value.is_empty() {
                facts.push((name.to_owned(), value));
            }
        };
        if let Some(nr) = told.order_nr {
            fact(words.order, nr.to_string());
            fact(words.order_in_shop, tidy(&told.order_nr_external));
        }
        if let (Some(currency), Some(sums)) = (told.currency, told.amounts) {
            let money = |minor: i64| amount(currency.of(minor), self.language());
            fact(words.ordered, money(sums.total));
            for (name, minor) in [
                (words.authorized, sums.authorized),
                (words.captured, sums.captured),
                (words.invoiced, sums.invoiced),
                (words.refunded, sums.refunded),
            ] {
                fact(name, if minor == 0 { String::new() } else { money(minor) });
            }
        }
        if let Some(answer) = answers.get(&one.id).filter(|_| !solved) {
            fact(&words.answer_of.replace("{peer}", answer.peer), tidy(&answer.text));
        }
        let url = told.order_nr.and_then(|nr| self.url(nr));
        Block {
            number: Some(one.number.clone()),
            heading: if solved { format!("{}: {}", words.solved, one.text) } else { one.text.clone() },
            facts,
            now: (!solved && !one.now.is_empty()).then(|| (words.what_now, one.now.clone())),
            command: told
                .order_nr
                .filter(|_| url.is_none())
                .map(|nr| format!("{}: pixi-payd order show {nr} --mandant {}", words.command, self.mandant)),
            link: url.map(|url| Link { url, text: words.open_order }),
            ..Block::default()
        }
    }

    fn total(&self, told: &Told) -> String {
        let sums = told.currency.zip(told.amounts);
        sums.map(|(currency, sums)| amount(currency.of(sums.total), self.language())).unwrap_or_default()
    }

    fn line(&self, told: &Told, parts: &[String]) -> Line {
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let order = told.order_nr.map_or_else(|| "-".to_owned(), |nr| nr.to_string());
        let shop = tidy(&told.order_nr_external);
        let order = if shop.is_empty() { order } else { format!("{order} ({shop})") };
        Line { order, text: parts.join(" · "), url: told.order_nr.and_then(|nr| self.url(nr)) }
    }
}

/// News in the language of the mail.
struct Item {
    id: i64,
    number: String,
    text: String,
    now: String,
    solved: bool,
    told: Told,
}

/// What Unzer or pixi answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `Unzer`, `pixi`.
    pub peer: &'static str,
    /// Code and words.
    pub text: String,
}

/// Values as they may be shown; sentences among them stay sentences, with their own values tidied.
fn tidied(values: &[(String, String)]) -> Vec<(String, String)> {
    let one = |value: &str| match Phrase::of_value(value) {
        Some(phrase) => Phrase { values: tidied(&phrase.values), ..phrase }.as_value(),
        None => tidy(value),
    };
    values.iter().map(|(name, value)| (name.clone(), one(value))).collect()
}

/// The word as it begins a line.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What all have in common, if they do.
fn common(group: &[Item], what: fn(&Item) -> &String) -> Option<String> {
    let first = what(group.first()?);
    group.iter().all(|one| what(one) == first).then(|| first.clone())
}
