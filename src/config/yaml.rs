//! YAML as a tree that knows where everything stands.
//!
//! Every scalar keeps the text as written, whatever YAML would make of it (`0123`, `1e5`, `no`): what a value means is
//! decided by the key it stands under, so that a numeric password stays a password and the ShopID `NO` a ShopID.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

/// Files larger than this are refused.
const MAX_FILE_BYTES: usize = 4 << 20;

/// A place in a configuration file; lines and columns count from 1, 0 means the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// File as named to people.
    pub file: Arc<str>,
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

/// What stands under a key. It may hold secrets and so has no `Debug`.
#[derive(Clone)]
pub enum Node {
    /// Empty, `null` or `~`.
    Null,
    /// Text as written, without its quotes.
    Scalar(String),
    /// `- a` or `[a]`; the keys are `[0]`, `[1]`, ….
    Seq(Vec<Entry>),
    /// `key: value`, in file order, repeated keys kept.
    Map(Vec<Entry>),
    /// Was found wrong and reported already.
    Bad,
}

/// A key with what stands under it.
#[derive(Clone)]
pub struct Entry {
    /// Key as written.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Whole key with its parents, `mandants.LEO.mail.to[0]`; set once the place in the whole is known.
    pub path: String,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// The entries of a map.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Map(entries) | Self::Seq(entries) => entries,
            _ => &[],
        }
    }

    /// What stands under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// What it is, in words that tell nothing of its content.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar(_) => "a single value",
            Self::Seq(_) => "a list",
            Self::Map(_) => "a block of keys",
            Self::Bad => "something wrong",
        }
    }
}

/// Why a text is no YAML; never quotes the text, which may hold secrets.
#[derive(Debug)]
pub struct SyntaxError {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

/// Reads a YAML document; `file` is the name shown in findings.
pub fn parse(text: &str, file: &Arc<str>) -> Result<Node, SyntaxError> {
    let whole = |message: &str| SyntaxError { place: start(file), message: message.to_owned() };
    if text.len() > MAX_FILE_BYTES {
        return Err(whole("the file is larger than 4 MiB"));
    }
    // The deserializer counts offsets without the byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node::Map(Vec::new()));
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Merge,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! { max_depth: 64, max_nodes: 200_000, max_aliases: 1_000 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(raw.value.into_node(raw.defined, text, file)),
        Err(error) => Err(syntax_error(&error, file)),
    }
}

/// The file as a whole.
pub fn start(file: &Arc<str>) -> Place {
    Place { file: Arc::clone(file), line: 0, column: 0 }
}

fn place(location: Location, file: &Arc<str>) -> Place {
    Place { file: Arc::clone(file), line: location.line(), column: location.column() }
}

fn syntax_error(error: &serde_saphyr::Error, file: &Arc<str>) -> SyntaxError {
    use serde_saphyr::Error as E;
    let place = error.location().map_or_else(|| start(file), |location| place(location, file));
    let message = match error.without_snippet() {
        // The parser's own texts are fixed; at most they name a single character.
        E::ExternalMessage { msg, .. } => return SyntaxError { place, message: format!("not YAML: {msg}") },
        E::UnknownAnchor { .. } => {
            "an alias (*name) without its anchor (&name); put a text that begins with * in quotes"
        }
        E::Budget { .. }
        | E::AliasReplayCounterOverflow { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => "the file is too deep or its aliases grow too large",
        E::MultipleDocuments { .. } => "more than one YAML document; take the line --- out",
        E::MergeValueNotMapOrSeqOfMaps { .. } => "what is merged by << must be a block of keys",
        E::Eof { .. } => "the file ends too early",
        _ => "not YAML from here on: look at indentation, colons, and quotes that are not closed",
    };
    SyntaxError { place, message: message.to_owned() }
}

/// A value as the deserializer hands it over; `Typed` is a plain scalar whose text must be looked up in the source.
enum Raw {
    Typed,
    Text(String),
    Null,
    Seq(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl Raw {
    fn into_node(self, location: Location, source: &str, file: &Arc<str>) -> Node {
        match self {
            Self::Null => Node::Null,
            Self::Text(text) => Node::Scalar(text),
            Self::Typed => Node::Scalar(written(location, source)),
            Self::Seq(items) => {
                let entry = |(index, item): (usize, Spanned<Self>)| Entry {
                    key: format!("[{index}]"),
                    place: place(item.referenced, file),
                    path: String::new(),
                    node: item.value.into_node(item.defined, source, file),
                };
                Node::Seq(items.into_iter().enumerate().map(entry).collect())
            }
            Self::Map(pairs) => {
                let entry = |(key, value): (Spanned<Self>, Spanned<Self>)| Entry {
                    place: place(key.referenced, file),
                    path: String::new(),
                    key: match key.value {
                        Self::Text(text) => text,
                        Self::Typed => written(key.defined, source),
                        Self::Null | Self::Seq(_) | Self::Map(_) => String::new(),
                    },
                    node: value.value.into_node(value.defined, source, file),
                };
                Node::Map(pairs.into_iter().map(entry).collect())
            }
        }
    }
}

/// The text of a plain scalar as it stands in the source.
fn written(location: Location, source: &str) -> String {
    let span = location.span();
    let range = span.byte_offset().zip(span.byte_len()).and_then(|(offset, length)| {
        let offset = usize::try_from(offset).ok()?;
        source.get(offset..offset.checked_add(usize::try_from(length).ok()?)?)
    });
    range.unwrap_or_default().trim().to_owned()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("YAML")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }

            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::Seq(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Raw::Map(pairs))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn tree(text: &str) -> Node {
        parse(text, &Arc::from("x.yaml")).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn text_of<'a>(node: &'a Node, key: &str) -> &'a str {
        match &node.get(key).unwrap().node {
            Node::Scalar(text) => text,
            other => panic!("{key}: {}", other.kind()),
        }
    }

    #[test]
    fn scalars_keep_the_text_as_written() {
        for text in
            ["12345", "0123", "1e5", "true", "no", "0x1F", "-0", "1_000", "1.50", ".inf", "99999999999999999999999"]
        {
            assert_eq!(text_of(&tree(&format!("a:\n  ä: ö\np: {text}   # comment\n")), "p"), text);
            assert_eq!(text_of(&tree(&format!("{{p: {text}}}")), "p"), text);
            assert_eq!(text_of(&tree(&format!("{text}: p")), text), "p", "as a key");
        }
        assert_eq!(text_of(&tree("p: \"a\\tb\""), "p"), "a\tb");
        assert_eq!(text_of(&tree("p: '*'"), "p"), "*");
        assert!(matches!(tree("p: ~").get("p").unwrap().node, Node::Null));
        assert!(matches!(tree("p:").get("p").unwrap().node, Node::Null));
    }

    #[test]
    fn keys_know_their_lines() {
        let node = tree("# one\na: 1\nb:\n  c:\n    - x\n    - {d: 2}\n");
        let c = node.get("b").unwrap().node.get("c").unwrap();
        assert_eq!((c.place.line, c.place.column), (4, 3));
        let item = &c.node.entries()[1];
        assert_eq!((item.key.as_str(), item.place.line), ("[1]", 6));
        assert_eq!(item.node.get("d").unwrap().place.column, 8);
    }

    #[test]
    fn repeated_keys_are_kept_for_the_report() {
        assert_eq!(tree("a: 1\na: 2\n").entries().len(), 2);
    }

    #[test]
    fn aliases_and_merges_work_within_bounds() {
        let node = tree("x: &x {p: 0123, q: 2}\ny: *x\nz: {<<: *x, q: 3}\n");
        assert_eq!(text_of(&node.get("y").unwrap().node, "p"), "0123");
        assert_eq!(text_of(&node.get("z").unwrap().node, "p"), "0123");
        assert_eq!(text_of(&node.get("z").unwrap().node, "q"), "3");
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let alias = format!("*a{},", level - 1).repeat(10);
            writeln!(bomb, "a{level}: &a{level} [{alias}]").unwrap();
        }
        assert!(parse(&bomb, &Arc::from("x")).is_err());
        assert!(parse(&"[".repeat(10_000), &Arc::from("x")).is_err());
        assert!(parse("a: *nope", &Arc::from("x")).err().unwrap().message.contains("anchor"));
    }

    #[test]
    fn nothing_but_comments_is_an_empty_file() {
        assert!(tree("# only\n\n").entries().is_empty());
        assert!(tree("").entries().is_empty());
    }
}
