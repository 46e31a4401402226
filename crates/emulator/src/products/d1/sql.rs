//! What of SQL must be known before SQLite sees it: where a statement ends, whether it writes, and what is not allowed.

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) writes: bool,
}

/// The longest statement, in bytes (docs: d1/platform/limits).
const LONGEST: usize = 100_000;

/// The settings that D1 lets be asked or set (docs: d1/sql-api/sql-statements), and a few more that only ask.
const PRAGMAS: [&str; 22] = [
    "case_sensitive_like",
    "defer_foreign_keys",
    "foreign_key_check",
    "foreign_key_list",
    "foreign_keys",
    "ignore_check_constraints",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "legacy_alter_table",
    "optimize",
    "page_count",
    "quick_check",
    "recursive_triggers",
    "reverse_unordered_selects",
    "table_info",
    "table_list",
    "table_xinfo",
    "collation_list",
    "function_list",
    "compile_options",
];

/// The statements of a text, in order.
///
/// # Errors
/// Why one of them is not run, in D1's form.
pub(super) fn statements(text: &str) -> Result<Vec<Statement>, String> {
    if text.contains('\0') {
        return Err("unrecognized token: \"\\0\": SQLITE_ERROR".to_owned());
    }
    let mut statements = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let (mut start, mut after_end) = (0, true);
    for (token, place) in (Tokens { text, at: 0 }) {
        if token == Token::End {
            // Whatever follows any `;` may be a statement to SQLite, so that it is looked at also inside a trigger.
            after_end = true;
            if !in_trigger(&words) {
                push(&mut statements, text.get(start..place).unwrap_or_default(), &words)?;
                (start, words) = (place + 1, Vec::new());
                continue;
            }
        } else if let Token::Word(word) = token {
            if after_end {
                allowed(word)?;
            }
            after_end = false;
            words.push(word.to_ascii_uppercase());
            continue;
        } else if token == Token::Variable {
            // SQLite reads on in some of these as nothing else does; D1 has none of them (docs: d1/worker-api/prepared-statements).
            return Err("only ? and ?NNN stand for parameters: SQLITE_ERROR".to_owned());
        }
        words.push(if token == Token::End { ";".to_owned() } else { String::new() });
    }
    push(&mut statements, text.get(start..).unwrap_or_default(), &words)?;
    Ok(statements)
}

fn push(statements: &mut Vec<Statement>, text: &str, words: &[String]) -> Result<(), String> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    if words.is_empty() {
        return Ok(());
    }
    if text.len() > LONGEST {
        return Err("statement too long: SQLITE_TOOBIG".to_owned());
    }
    let writes = match word(0) {
        "SELECT" | "VALUES" | "EXPLAIN" => false,
        "PRAGMA" => {
            let (schema, dotted) = (word(1), word(2).is_empty() && words.len() > 3);
            let name = if dotted && matches!(schema, "MAIN" | "TEMP") { word(3) } else { schema };
            if !PRAGMAS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                return Err("not authorized: SQLITE_AUTH".to_owned());
            }
            // Some hold for the statements after it only where they share a connection with what writes.
            matches!(name, "DEFER_FOREIGN_KEYS" | "OPTIMIZE" | "IGNORE_CHECK_CONSTRAINTS" | "LEGACY_ALTER_TABLE")
        }
        "WITH" => words.iter().any(|word| matches!(word.as_str(), "INSERT" | "UPDATE" | "DELETE" | "REPLACE")),
        _ => true,
    };
    statements.push(Statement { text: text.trim().to_owned(), writes });
    Ok(())
}

/// What begins a statement that D1 does not run.
fn allowed(word: &str) -> Result<(), String> {
    match word.to_ascii_uppercase().as_str() {
        "ATTACH" | "DETACH" | "VACUUM" => Err("not authorized: SQLITE_AUTH".to_owned()),
        "BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
            Err("transactions are made by the database itself: the statements of one call are one transaction"
                .to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a statement that begins with these words is a trigger whose body has not ended.
fn in_trigger(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let at = if matches!(word(1), "TEMP" | "TEMPORARY") { 2 } else { 1 };
    if word(0) != "CREATE" || word(at) != "TRIGGER" {
        return false;
    }
    // The body ends in `; END`, as sqlite3_complete() has it.
    let ends = words.len() >= 2 && word(words.len() - 1) == "END" && word(words.len() - 2) == ";";
    !ends
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// `;`
    End,
    /// The beginning of `$name`, `@name`, `:name`, `#1`.
    Variable,
    /// A string, a quoted name, a number, a sign.
    Other,
}

/// The tokens of a text with their places, without comments and blanks, as SQLite's tokenizer tells them apart.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..)?;
            let mut bytes = rest.bytes();
            let (first, second) = (bytes.next()?, bytes.next());
            let place = self.at;
            let to = |sign: &str, from: usize| {
                rest.get(from..)
                    .and_then(|after| after.find(sign))
                    .map_or(rest.len(), |found| from + found + sign.len())
            };
            let (length, token) = match (first, second) {
                (b' ' | b'\t'..=b'\r', _) => (1, None),
                _ if rest.starts_with('\u{feff}') => ('\u{feff}'.len_utf8(), None),
                (b'$' | b'@' | b':' | b'#', _) => (1, Some(Token::Variable)),
                (b'-', Some(b'-')) => (to("\n", 2), None),
                (b'/', Some(b'*')) => (to("*/", 2), None),
                (b';', _) => (1, Some(Token::End)),
                // A doubled quotation mark inside is two strings side by side, which ends in the same place.
                (b'\'', _) => (to("'", 1), Some(Token::Other)),
                (b'"', _) => (to("\"", 1), Some(Token::Other)),
                (b'`', _) => (to("`", 1), Some(Token::Other)),
                (b'[', _) => (to("]", 1), Some(Token::Other)),
                (byte, _) if is_word(byte) => {
                    let length = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
                    (length, Some(Token::Word(rest.get(..length)?)))
                }
                _ => (1, Some(Token::Other)),
            };
            self.at += length;
            if let Some(token) = token {
                return Some((token, place));
            }
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<String> {
        statements(sql).unwrap().into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn statements_end_where_they_end_for_sqlite() {
        assert_eq!(texts(" ; -- nothing; here\n;/* ; */"), Vec::<String>::new());
        assert_eq!(texts("SELECT ';'; SELECT 1"), ["SELECT ';'", "SELECT 1"]);
        assert_eq!(texts("SELECT 'it''s;', \"a;\"\"b\", [;], `;`;"), ["SELECT 'it''s;', \"a;\"\"b\", [;], `;`"]);
        assert_eq!(texts("SELECT 1 -- a;b\n, 2; SELECT 3 /*;*/"), ["SELECT 1 -- a;b\n, 2", "SELECT 3 /*;*/"]);
        let trigger =
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE 1 WHEN 1 THEN 2 END; SELECT 1; END";
        assert_eq!(texts(&format!("{trigger}; SELECT 2;")), [trigger, "SELECT 2"]);
    }

    #[test]
    fn what_writes_is_known_by_its_words() {
        let writes = |sql: &str| statements(sql).unwrap()[0].writes;
        for reads in ["select 1", "VALUES (1)", "with a as (select 1) select * from a", "explain delete from t"] {
            assert!(!writes(reads), "{reads}");
        }
        for writing in ["insert into t values (1)", "WITH a AS (SELECT 1) DELETE FROM t", "create table t (a)", "x"] {
            assert!(writes(writing), "{writing}");
        }
        assert!(!writes("PRAGMA table_info('t')") && !writes("pragma main.table_list") && writes("PRAGMA optimize"));
    }

    #[test]
    fn no_statement_reaches_a_file() {
        for bad in [
            "ATTACH 'x' AS y",
            "attach database 'x' as y",
            "SELECT 1;/**/aTTach 'x' as y",
            "VACUUM",
            "vacuum into 'x'",
            "DETACH y",
            "PRAGMA journal_mode=WAL",
            "PRAGMA main.temp_store_directory='/'",
            "pragma \"writable_schema\"=1",
            "PRAGMA max_page_count=1",
            "BEGIN",
            "SAVEPOINT a",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; ATTACH 'x' AS y; END",
            "SELECT '; ATTACH'; -- '\nATTACH 'x' AS y",
            "\u{feff}ATTACH 'x' AS y",
            " \u{b}ATTACH 'x' AS y",
            "SELECT $a('); ATTACH/**/'x' AS y; --')",
            "+ATTACH 'x' AS y",
        ] {
            assert!(statements(bad).is_err(), "{bad}");
        }
        assert!(statements("SELECT 'a'; SELECT 'ATTACH'; SELECT attach FROM t").is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-zA-Z;'\"`\\[\\]/*\\- \n\u{e9}]{0,60}") {
            if let Ok(statements) = statements(&text) {
                // Each is a part of the text, and read alone it is itself.
                for one in statements {
                    prop_assert!(text.contains(&one.text));
                    let again = super::statements(&one.text);
                    prop_assert_eq!(again, Ok(vec![one]));
                }
            }
        }
    }
}
