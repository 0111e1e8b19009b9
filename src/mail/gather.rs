//! Which news go into which mail: one mail per cause and day, further ones together, at most so many an hour. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::News;

/// A mail to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What kind of mail.
    pub kind: Kind,
    /// What it tells, oldest first; never empty.
    pub news: Vec<News>,
    /// It tells what was held back.
    pub held_back: bool,
}

/// Kinds of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One cause, one order or many.
    Problem,
    /// Further problems of causes that were mailed today, or all that was held back.
    Digest,
    /// Problems that are no more.
    Solved,
    /// The day summed up, with the open problems.
    Summary,
    /// The open problems.
    Reminder,
}

impl Kind {
    /// The word for it in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Digest => "digest",
            Self::Solved => "solved",
            Self::Summary => "summary",
            Self::Reminder => "reminder",
        }
    }
}

/// What becomes of the news that wait.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// Mails to be written.
    pub drafts: Vec<Draft>,
    /// News that need no telling any more: solved before they were told.
    pub overtaken: Vec<i64>,
    /// Ends of problems that are not wanted by mail.
    pub unwanted: Vec<i64>,
}

/// What a mandant's people want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Mails that may still be written within the hour; none: any number.
    pub room: Option<usize>,
    /// They are told when a problem is over.
    pub solved: bool,
}

/// Gathers one mandant's news, oldest first. `told`: causes mailed today already. What has no room waits.
pub fn gather(news: Vec<News>, told: &BTreeSet<String>, wishes: Wishes) -> Gathered {
    let mut gathered = Gathered::default();
    let (daily, news): (Vec<_>, Vec<_>) = news.into_iter().partition(|one| daily_kind(&one.kind).is_some());
    for one in daily {
        let kind = daily_kind(&one.kind).unwrap_or(Kind::Summary);
        gathered.drafts.push(Draft { kind, news: vec![one], held_back: false });
    }
    let mut news = without_overtaken(news, &mut gathered.overtaken);
    // Only now: an end that is not told still keeps its problem from being told as if it stood.
    if !wishes.solved {
        gathered.unwanted.extend(news.iter().filter(|one| is_end(one)).map(|one| one.id));
        news.retain(|one| !is_end(one));
    }
    if news.is_empty() || wishes.room == Some(0) {
        return gathered;
    }
    let mut drafts = by_cause(news, told);
    if let Some(room) = wishes.room.filter(|room| drafts.len() > *room) {
        let mut last: Vec<News> = drafts.split_off(room - 1).into_iter().flat_map(|draft| draft.news).collect();
        last.sort_by_key(|one| (is_end(one), one.created, one.id));
        drafts.push(Draft { kind: Kind::Digest, news: last, held_back: true });
    }
    gathered.drafts.extend(drafts);
    gathered
}

fn daily_kind(kind: &str) -> Option<Kind> {
    match kind {
        "summary" => Some(Kind::Summary),
        "reminder" => Some(Kind::Reminder),
        _ => None,
    }
}

fn is_end(news: &News) -> bool {
    news.kind == "solved"
}

/// Drops pairs of a problem and its end that both wait, the end after the problem.
fn without_overtaken(mut news: Vec<News>, overtaken: &mut Vec<i64>) -> Vec<News> {
    let time = |one: &News| (one.created, one.id);
    news.sort_by_key(time);
    let mut gone = BTreeSet::new();
    for solved in news.iter().filter(|one| is_end(one)) {
        let same = |one: &&News| !is_end(one) && one.fingerprint == solved.fingerprint && time(one) < time(solved);
        if let Some(problem) = news.iter().rfind(same).filter(|problem| !gone.contains(&problem.id)) {
            gone.extend([problem.id, solved.id]);
        }
    }
    overtaken.extend(&gone);
    news.into_iter().filter(|one| !gone.contains(&one.id)).collect()
}

/// A mail for each cause of which there was none today, one for all others, one for what is solved.
fn by_cause(news: Vec<News>, told: &BTreeSet<String>) -> Vec<Draft> {
    let mut fresh: BTreeMap<String, Vec<News>> = BTreeMap::new();
    let (mut further, mut solved) = (Vec::new(), Vec::new());
    for one in news {
        let topic = one.topic.clone().unwrap_or_default();
        match one.kind.as_str() {
            "solved" => solved.push(one),
            _ if told.contains(&topic) => further.push(one),
            _ => fresh.entry(topic).or_default().push(one),
        }
    }
    let draft = |kind, news: Vec<News>| Draft { kind, news, held_back: false };
    let mut drafts: Vec<Draft> = fresh.into_values().map(|news| draft(Kind::Problem, news)).collect();
    drafts.sort_by_key(|draft| draft.news.first().map(|one| one.id));
    drafts.extend([(Kind::Digest, further), (Kind::Solved, solved)].map(|(kind, news)| draft(kind, news)));
    drafts.retain(|draft| !draft.news.is_empty());
    drafts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn room(room: Option<usize>) -> Wishes {
        Wishes { room, solved: true }
    }

    fn one(id: i64, kind: &str, topic: &str, what: &str) -> News {
        News {
            id,
            api: "live".into(),
            mandant: "LEO".into(),
            kind: kind.into(),
            fingerprint: what.into(),
            day: "2026-03-03".into(),
            message_id: format!("m{id}"),
            topic: Some(topic.into()),
            of_order: true,
            params: json!({"number": topic}),
            created: "2026-03-03T12:00:00Z".parse().unwrap(),
        }
    }

    fn shape(gathered: &Gathered) -> Vec<(Kind, Vec<i64>)> {
        gathered.drafts.iter().map(|draft| (draft.kind, draft.news.iter().map(|one| one.id).collect())).collect()
    }

    #[test]
    fn one_mail_per_cause_and_further_ones_together() {
        let news = vec![
            one(1, "problem", "PP-1101", "a"),
            one(2, "problem", "PP-1103", "b"),
            one(3, "problem", "PP-1101", "c"),
            one(4, "problem", "PP-1203", "d"),
            one(5, "problem", "PP-1206", "e"),
            one(6, "solved", "PP-1206", "f"),
        ];
        let told = BTreeSet::from(["PP-1203".to_owned(), "PP-1206".to_owned()]);
        let gathered = gather(news, &told, room(None));
        let wanted = [
            (Kind::Problem, vec![1, 3]),
            (Kind::Problem, vec![2]),
            (Kind::Digest, vec![4, 5]),
            (Kind::Solved, vec![6]),
        ];
        assert_eq!(shape(&gathered), wanted);
    }

    #[test]
    fn five_hundred_orders_of_one_cause_are_one_mail() {
        let news = (1..=500).map(|id| one(id, "problem", "PP-1107", &id.to_string())).collect();
        assert_eq!(shape(&gather(news, &BTreeSet::new(), room(Some(20)))), [(Kind::Problem, (1..=500).collect())]);
    }

    #[test]
    fn what_has_no_room_is_put_together_and_then_waits() {
        let news = || (1..=9).map(|id| one(id, "problem", &format!("PP-{id}"), "x")).collect::<Vec<_>>();
        let gathered = gather(news(), &BTreeSet::new(), room(Some(3)));
        let wanted = [(Kind::Problem, vec![1]), (Kind::Problem, vec![2]), (Kind::Digest, vec![3, 4, 5, 6, 7, 8, 9])];
        assert_eq!(shape(&gathered), wanted);
        assert!(gathered.drafts[2].held_back && !gathered.drafts[0].held_back);
        assert_eq!(shape(&gather(news(), &BTreeSet::new(), room(Some(1)))), [(Kind::Digest, (1..=9).collect())]);
        assert_eq!(gather(news(), &BTreeSet::new(), room(Some(0))), Gathered::default());
        let daily = vec![one(1, "summary", "", "d")];
        assert_eq!(
            shape(&gather(daily, &BTreeSet::new(), room(Some(0)))),
            [(Kind::Summary, vec![1])],
            "daily ones aside"
        );
    }

    #[test]
    fn a_problem_solved_before_it_was_told_is_not_told() {
        let news = vec![
            one(1, "problem", "PP-1101", "a"),
            one(2, "solved", "PP-1101", "a"),
            one(3, "solved", "PP-1101", "b"),
            one(4, "problem", "PP-1101", "b"),
        ];
        let gathered = gather(news.clone(), &BTreeSet::new(), room(None));
        assert_eq!(gathered.overtaken, [1, 2]);
        assert_eq!(shape(&gathered), [(Kind::Problem, vec![4]), (Kind::Solved, vec![3])]);
        // Where ends are not mailed, they still take their problems with them.
        let gathered = gather(news, &BTreeSet::new(), Wishes { room: None, solved: false });
        assert_eq!((gathered.overtaken.as_slice(), gathered.unwanted.as_slice()), ([1, 2].as_slice(), [3].as_slice()));
        assert_eq!(shape(&gathered), [(Kind::Problem, vec![4])]);
    }

    #[test]
    fn what_came_first_goes_by_its_time() {
        // A problem that was stored anew has a later row than its end, or an earlier one; its time tells.
        let at = |news: News, minute: u32| News {
            created: format!("2026-03-03T12:{minute:02}:00Z").parse().unwrap(),
            ..news
        };
        let again = vec![at(one(1, "problem", "PP-1101", "a"), 5), at(one(2, "solved", "PP-1101", "a"), 3)];
        let gathered = gather(again, &BTreeSet::new(), room(None));
        assert!(gathered.overtaken.is_empty(), "it came back after its end");
        let over = vec![at(one(1, "solved", "PP-1101", "a"), 5), at(one(2, "problem", "PP-1101", "a"), 3)];
        assert_eq!(gather(over, &BTreeSet::new(), room(None)).overtaken, [1, 2]);
    }

    #[test]
    fn what_is_over_stands_last_in_a_mail_of_both() {
        let news = vec![
            one(1, "solved", "PP-1101", "a"),
            one(2, "problem", "PP-1103", "b"),
            one(3, "problem", "PP-1203", "c"),
        ];
        let gathered = gather(news, &BTreeSet::new(), room(Some(1)));
        assert_eq!(shape(&gathered), [(Kind::Digest, vec![2, 3, 1])]);
    }
}
