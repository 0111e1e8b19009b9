use super::*;
use proptest::prelude::*;

type Rows = Vec<Vec<Option<String>>>;

/// Everything an answer said.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    sets: Vec<(Vec<Column>, Rows)>,
    rows: Rows,
}

impl Sink for Heard {
    fn row(&mut self, set: &RowSet, row: &RowView<'_>) {
        let slots = u16::try_from(set.columns().len()).unwrap();
        self.rows.push((0..slots).map(|slot| row.cell(slot).map(str::to_owned)).collect());
    }

    fn end_of_set(&mut self, set: &RowSet) {
        self.sets.push((set.columns().to_vec(), std::mem::take(&mut self.rows)));
    }
}

fn decode_in(pieces: &[&[u8]], window: usize) -> (Result<Tail, AnswerError>, Heard) {
    decode_after(&Schemas::default(), pieces, window)
}

fn decode_after(schemas: &Schemas, pieces: &[&[u8]], window: usize) -> (Result<Tail, AnswerError>, Heard) {
    let mut heard = Heard::default();
    let mut decoder = Decoder::with_window(schemas, window);
    for piece in pieces {
        if let Err(error) = decoder.feed(piece, &mut heard) {
            return (Err(error), heard);
        }
    }
    (decoder.finish(&mut heard), heard)
}

fn decode(bytes: &[u8]) -> (Result<Tail, AnswerError>, Heard) {
    decode_in(&[bytes], 32 << 10)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/pixi/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn fixtures() -> Vec<Vec<u8>> {
    let mut names: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pixi"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn cell(heard: &Heard, set: usize, row: usize, name: &str) -> Option<String> {
    let (columns, rows) = &heard.sets[set];
    let place = columns.iter().position(|column| column.name == name).unwrap();
    rows[row].get(place).cloned().flatten()
}

fn wrap(row: &str) -> Vec<u8> {
    format!("<E:Envelope xmlns:E='x'><E:Body><m:cResponse><m:cResult><s:SqlRowSet><d:diffgram><SqlRowSet1>{row}</SqlRowSet1></d:diffgram></s:SqlRowSet></m:cResult></m:cResponse></E:Body></E:Envelope>").into_bytes()
}

#[test]
fn rows_come_with_their_schema_and_a_remark_beside_them() {
    let (tail, heard) = decode(&fixture("hold_orders.xml"));
    let tail = tail.unwrap();
    assert_eq!(tail.result_code, Some(0));
    assert_eq!((tail.messages[0].class, tail.messages[0].number), (Some(0), Some(8153)));
    assert_eq!(cell(&heard, 0, 0, "LastName").as_deref(), Some("Müller & Söhne"));
    assert_eq!(cell(&heard, 0, 1, "LastName"), None);
    assert_eq!(cell(&heard, 0, 1, "ShopID").as_deref(), Some("D  "));
    let shop = &heard.sets[0].0[1];
    assert_eq!((shop.kind.as_deref(), shop.length, shop.nullable), (Some("char"), Some(3), false));
    assert!(heard.sets[0].0[2].nullable);
}

#[test]
fn an_empty_answer_still_tells_its_columns() {
    let (tail, heard) = decode(&fixture("no_rows.xml"));
    assert_eq!(tail.unwrap().row_sets, 1);
    assert_eq!(heard.sets[0].0.len(), 4);
    let (tail, heard) = decode(&fixture("no_row_set.xml"));
    assert_eq!(tail.unwrap(), Tail { result_code: Some(0), ..Tail::default() });
    assert!(heard.sets.is_empty());
}

#[test]
fn several_row_sets_scalars_and_output_parameters() {
    let (_, heard) = decode(&fixture("two_sets.xml"));
    assert_eq!(heard.sets.len(), 2);
    assert_eq!(cell(&heard, 1, 0, "OrderNr").as_deref(), Some("1"));
    let (tail, _) = decode(&fixture("scalar.xml"));
    assert_eq!(tail.unwrap().scalar.as_deref(), Some("1"));
    let (tail, _) = decode(&fixture("output.xml"));
    let outputs = tail.unwrap().outputs;
    assert_eq!(outputs, [("UserName".into(), "demo".into()), ("XMLKey".into(), "5".into())]);
}

#[test]
fn markup_in_cells_does_not_end_them() {
    let (_, heard) = decode(&fixture("import_xml.xml"));
    assert_eq!(cell(&heard, 0, 0, "Request").as_deref(), Some("<ORDER><PAY_ID>s-pay-17</PAY_ID></ORDER>"));
    assert_eq!(cell(&heard, 0, 1, "Request").as_deref(), Some("<ORDER><X>a</row>b"));
    assert_eq!(cell(&heard, 0, 0, "XMLLogKey").as_deref(), Some("5"));
    let (_, heard) = decode(&wrap("<row><A>x<b k='1'>&amp;</b><c/></A><N xmlns:i='u' i:nil='true'/><M/></row>"));
    assert_eq!(cell(&heard, 0, 0, "A").as_deref(), Some("x<b k='1'>&amp;</b><c/>"));
    assert_eq!(cell(&heard, 0, 0, "N"), None);
    assert_eq!(cell(&heard, 0, 0, "M").as_deref(), Some(""));
}

#[test]
fn line_ends_are_made_one_kind_wherever_they_are_cut() {
    let bytes = wrap("<row><A>a\r\nb\rc&#13;d</A></row>");
    for at in 0..bytes.len() {
        let (_, heard) = decode_in(&[&bytes[..at], &bytes[at..]], 1);
        assert_eq!(cell(&heard, 0, 0, "A").as_deref(), Some("a\nb\nc\rd"), "cut at {at}");
    }
}

#[test]
fn faults_of_both_versions() {
    let (tail, _) = decode(&fixture("fault11.xml"));
    let fault = tail.unwrap().fault.unwrap();
    assert_eq!(fault.code, "Client");
    assert!(fault.text.contains("InvalidMethod"));
    let (tail, _) = decode(&fixture("fault12.xml"));
    let fault = tail.unwrap().fault.unwrap();
    assert_eq!((fault.code.as_str(), fault.text.as_str()), ("Receiver", "The server is too busy"));
}

#[test]
fn what_is_no_answer_is_called_by_its_name() {
    let case = |bytes: &[u8]| decode(bytes).0.unwrap_err();
    assert_eq!(case(&fixture("gateway_error.html")), AnswerError::Html);
    assert_eq!(case(b"<html><body>x</body></html>"), AnswerError::Html);
    assert_eq!(case(&fixture("entity_bomb.xml")), AnswerError::Dtd);
    assert_eq!(case(&wrap("<row><A>&x;</A></row>")), AnswerError::Entity);
    assert_eq!(case(b""), AnswerError::NotXml);
    assert_eq!(case(b"{\"error\": 1}"), AnswerError::NotXml);
    assert_eq!(case(b"\x00\xff\xfe"), AnswerError::NotXml);
    assert_eq!(case(b"<a/>"), AnswerError::NotSoap);
    let whole = fixture("hold_orders.xml");
    assert_eq!(case(&whole[..whole.len() - 20]), AnswerError::Truncated);
    assert!(matches!(case(&wrap("<row><A>1</B></row>")), AnswerError::Malformed(_)));
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = wrap(&format!("<row><A>{}{}</A></row>", "<x>".repeat(80), "</x>".repeat(80)));
    assert_eq!(decode(&deep).0, Err(AnswerError::TooDeep));
    let mebibyte = "x".repeat(1 << 20);
    let cell = wrap(&format!("<row><A>{}</A></row>", mebibyte.repeat(5)));
    assert_eq!(decode(&cell).0, Err(AnswerError::CellTooLarge));
    let nine: Vec<String> = (0..9).map(|n| format!("<A{n}>{mebibyte}</A{n}>")).collect();
    let row = wrap(&format!("<row>{}</row>", nine.concat()));
    assert_eq!(decode(&row).0, Err(AnswerError::RowTooLarge));
    let many: Vec<String> = (0..2000).map(|n| format!("<A{n}/>")).collect();
    let columns = wrap(&format!("<row>{}</row>", many.concat()));
    assert_eq!(decode(&columns).0, Err(AnswerError::TooManyColumns));
    let endless_tag = [b"<a ".as_slice(), &vec![b'x'; 20 << 20]].concat();
    assert_eq!(decode(&endless_tag).0, Err(AnswerError::CellTooLarge));
}

#[test]
fn memory_does_not_grow_with_the_answer() {
    struct Count(u64);
    impl Sink for Count {
        fn row(&mut self, _set: &RowSet, _row: &RowView<'_>) {
            self.0 += 1;
        }
        fn end_of_set(&mut self, _set: &RowSet) {}
    }
    let row = format!("<row><OrderNr>4711</OrderNr><ShopNote>{}</ShopNote></row>", "x".repeat(2000));
    let bytes = wrap(&row.repeat(10_000));
    let mut count = Count(0);
    let schemas = Schemas::default();
    let mut decoder = Decoder::new(&schemas);
    decoder.feed(&bytes, &mut count).unwrap();
    assert!(decoder.held() < 256 << 10, "{} bytes held of {}", decoder.held(), bytes.len());
    assert_eq!(decoder.finish(&mut count).unwrap().rows, 10_000);
    assert_eq!(count.0, 10_000);
}

#[test]
fn bytes_that_are_no_utf8_spoil_their_cell_only() {
    let mut bytes = wrap("<row><A>M?ller</A><B>1</B></row>");
    let at = bytes.iter().rposition(|b| *b == b'?').unwrap();
    bytes[at] = 0xfc;
    let (tail, heard) = decode(&bytes);
    assert!(tail.is_ok());
    assert_eq!(cell(&heard, 0, 0, "A").as_deref(), Some("M\u{fffd}ller"));
    assert_eq!(cell(&heard, 0, 0, "B").as_deref(), Some("1"));
}

#[test]
fn names_are_decoded() {
    assert_eq!(decode_name("_x0058_MLKey"), "XMLKey");
    assert_eq!(decode_name("a_x0020_b_x0020_"), "a b ");
    assert_eq!(decode_name("_x00"), "_x00");
    assert_eq!(decode_name("_x_x0058_"), "_xX");
    assert_eq!(decode_name("_xD800_ä_x00ä_"), "_xD800_ä_x00ä_");
}

/// A fixture with some bytes changed, inserted or dropped.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all = fixtures();
    let edit = (
        any::<prop::sample::Index>(),
        0_u8..3,
        prop_oneof![any::<u8>(), prop::sample::select(b"<>&;\"'/![]?-\r\n ".to_vec())],
    );
    (prop::sample::select(all), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, kind, byte) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

/// Bytes cut into pieces.
fn pieces<'b>(bytes: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn no_bytes_panic_it(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn no_markup_panics_it(text in "[<>/!\\[\\]a-cR&;#x \"'=?\u{feff}-]{0,120}") {
        let _ = decode(&wrap(&format!("<row>{text}</row>")));
        let _ = decode(text.as_bytes());
    }

    #[test]
    fn where_the_network_cuts_changes_nothing(
        bytes in mutated(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let whole = decode(&bytes);
        let cut = decode_in(&pieces(&bytes, &cuts), 1);
        // Rows read before an error may differ: they are dropped with it.
        prop_assert_eq!(&whole.0, &cut.0);
        if whole.0.is_ok() {
            prop_assert_eq!(whole.1, cut.1);
        }
    }

    #[test]
    fn a_mark_inside_a_text_is_text(cut in any::<prop::sample::Index>(), before in "[a\u{feff}]{0,4}") {
        let bytes = wrap(&format!("<row><A>{before}\u{feff}b</A></row>"));
        let at = cut.index(bytes.len());
        let (_, heard) = decode_in(&[&bytes[..at], &bytes[at..]], 1);
        prop_assert_eq!(cell(&heard, 0, 0, "A"), Some(format!("{before}\u{feff}b")));
    }
}

/// An answer with one row of cells, and an inline schema of these columns.
fn announcing(columns: &str, cells: &str) -> Vec<u8> {
    let schema =
        format!("<x:schema><x:element name='row'><x:complexType>{columns}</x:complexType></x:element></x:schema>");
    let row = String::from_utf8(wrap(&format!("<row>{cells}</row>"))).unwrap();
    row.replace("<d:diffgram>", &format!("{schema}<d:diffgram>")).into_bytes()
}

#[test]
fn a_schema_seen_before_says_the_same_again() {
    for bytes in fixtures() {
        let schemas = Schemas::default();
        let first = decode_after(&schemas, &[&bytes], 32 << 10);
        assert_eq!(decode_after(&schemas, &[&bytes], 32 << 10), first);
        for window in [1, 7, 64, 4096] {
            assert_eq!(decode_after(&schemas, &[&bytes], window), first, "in windows of {window}");
        }
    }
}

#[test]
fn a_schema_that_goes_on_after_one_seen_before_is_another() {
    let (one, two) = ("<x:element name='A' type='int'/>", "<x:element name='B' type='varchar'/>");
    let schemas = Schemas::default();
    let short = announcing(one, "<A>1</A>");
    let long = announcing(&format!("{one}{two}"), "<A>1</A><B>2</B>");
    let names = |bytes: &[u8]| {
        let (tail, heard) = decode_after(&schemas, &[bytes], 32 << 10);
        assert!(tail.is_ok());
        heard.sets[0].0.iter().map(|column| (column.name.clone(), column.kind.clone())).collect::<Vec<_>>()
    };
    let (a, b) = (("A".to_owned(), Some("int".to_owned())), ("B".to_owned(), Some("varchar".to_owned())));
    for _ in 0..2 {
        assert_eq!(names(&short), std::slice::from_ref(&a));
        assert_eq!(names(&long), [a.clone(), b.clone()]);
    }
    // Where the row shows a column of its own, the schema kept for the next answer does not get it.
    let odd = announcing(one, "<A>1</A><C>3</C>");
    assert_eq!(names(&odd).len(), 2);
    assert_eq!(names(&short), [a]);
}

#[test]
fn a_schema_seen_before_is_not_read_again() {
    let schemas = Schemas::default();
    let bytes = announcing("<x:element name='A' type='int'/>", "<A>1</A>");
    let content = "<x:element name='row'><x:complexType><x:element name='A' type='int'/></x:complexType></x:element>";
    // Had it been read, its one column would be called A.
    let mut other = RowSet::new(0);
    other.add("Kept", Column::default()).unwrap();
    schemas.keep(content, &other);
    let (tail, heard) = decode_after(&schemas, &[&bytes], 32 << 10);
    assert!(tail.is_ok());
    assert_eq!(heard.sets[0].0.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["Kept", "A"]);
}
