use crate::ogc::cql2::expression::{Comparison, Expression, Literal, Operand};
use crate::ogc::cql2::token::{Token, tokens};
use crate::ogc::cql2::wkt;

/// How much of a filter is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) bytes: usize,
    /// Conditions and values, vertices of shapes among them.
    pub(crate) parts: usize,
    /// Parentheses and negations within each other.
    pub(crate) depth: usize,
}

impl Limits {
    /// What requests from outside may ask.
    pub(crate) const ORDINARY: Self = Self { bytes: 16_000, parts: 2_000, depth: 32 };
}

/// Words that are no names, unless in double quotes.
const KEY_WORDS: [&str; 18] = [
    "AND",
    "OR",
    "NOT",
    "LIKE",
    "BETWEEN",
    "IN",
    "IS",
    "NULL",
    "TRUE",
    "FALSE",
    "CASEI",
    "DATE",
    "TIMESTAMP",
    "S_INTERSECTS",
    "BBOX",
    "INTERVAL",
    "ACCENTI",
    "DIV",
];

/// Reads a filter; or says in words what cannot be read.
pub(crate) fn parse(text: &str, limits: Limits) -> Result<Expression, String> {
    if text.len() > limits.bytes {
        return Err(format!("it has more than {} bytes", limits.bytes));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, n_parts: limits.parts, n_depth: limits.depth };
    let expression = parser.any()?;
    match parser.tokens.first() {
        None => Ok(expression),
        Some(token) => Err(format!("it should end before {}", short(token))),
    }
}

pub(super) struct Parser<'a> {
    pub(super) tokens: &'a [Token],
    n_parts: usize,
    n_depth: usize,
}

impl Parser<'_> {
    /// Takes the next word.
    pub(super) fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Sign(it)) if *it == sign)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is_there = self.is_sign(sign);
        if is_there {
            self.tokens = &self.tokens[1..];
        }
        is_there
    }

    pub(super) fn need_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.expected(sign)) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Word(it)) if it.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        if is_there {
            self.tokens = &self.tokens[1..];
        }
        is_there
    }

    pub(super) fn expected(&self, what: &str) -> String {
        match self.tokens.first() {
            Some(token) => format!("{what} is expected before {}", short(token)),
            None => format!("{what} is expected at the end"),
        }
    }

    /// Counts one part more.
    pub(super) fn count(&mut self) -> Result<(), String> {
        self.n_parts = self.n_parts.checked_sub(1).ok_or("it has too many parts")?;
        Ok(())
    }

    /// Goes one level down for as long as `inside` runs.
    pub(super) fn deeper<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.n_depth = self.n_depth.checked_sub(1).ok_or("it is nested too deeply")?;
        let value = inside(self)?;
        self.n_depth += 1;
        Ok(value)
    }

    fn any(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.one()?];
        while self.take_word("AND") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn one(&mut self) -> Result<Expression, String> {
        self.count()?;
        if self.take_word("NOT") {
            return Ok(Expression::Not(Box::new(self.deeper(Self::one)?)));
        }
        if self.take_sign("(") {
            let inside = self.deeper(Self::any)?;
            self.need_sign(")")?;
            return Ok(inside);
        }
        if self.is_word("S_INTERSECTS") {
            return self.intersects();
        }
        self.condition()
    }

    fn intersects(&mut self) -> Result<Expression, String> {
        self.take_word("S_INTERSECTS");
        self.need_sign("(")?;
        let property = self.name()?;
        self.need_sign(",")?;
        let shape = wkt::shape(self)?;
        self.need_sign(")")?;
        Ok(Expression::Intersects(property, shape))
    }

    fn condition(&mut self) -> Result<Expression, String> {
        let left = self.operand()?;
        if self.take_word("IS") {
            let is_not = self.take_word("NOT");
            if !self.take_word("NULL") {
                return Err(self.expected("NULL"));
            }
            let Operand::Property(name) = left else {
                return Err("only a property can be asked whether it IS NULL".to_owned());
            };
            return Ok(negated(is_not, Expression::IsNull(name)));
        }
        let is_not = self.take_word("NOT");
        if self.take_word("LIKE") {
            let pattern = match self.operand()? {
                Operand::Literal(Literal::Text(pattern)) => pattern,
                Operand::CaseFolded(inner) => match *inner {
                    Operand::Literal(Literal::Text(pattern)) => pattern.to_lowercase(),
                    _ => return Err("LIKE is followed by a text".to_owned()),
                },
                _ => return Err("LIKE is followed by a text".to_owned()),
            };
            return Ok(negated(is_not, Expression::Like(left, pattern)));
        }
        if self.take_word("BETWEEN") {
            let low = self.operand()?;
            if !self.take_word("AND") {
                return Err(self.expected("AND"));
            }
            return Ok(negated(is_not, Expression::Between(left, low, self.operand()?)));
        }
        if self.take_word("IN") {
            self.need_sign("(")?;
            let mut values = vec![self.operand()?];
            while self.take_sign(",") {
                values.push(self.operand()?);
            }
            self.need_sign(")")?;
            return Ok(negated(is_not, Expression::In(left, values)));
        }
        if is_not {
            return Err(self.expected("LIKE, BETWEEN or IN"));
        }
        let comparison = match self.tokens.first() {
            Some(Token::Sign("=")) => Comparison::Equal,
            Some(Token::Sign("<>")) => Comparison::Unequal,
            Some(Token::Sign("<")) => Comparison::Less,
            Some(Token::Sign("<=")) => Comparison::LessOrEqual,
            Some(Token::Sign(">")) => Comparison::Greater,
            Some(Token::Sign(">=")) => Comparison::GreaterOrEqual,
            // A word that stands alone is true or false.
            _ if matches!(left, Operand::Literal(Literal::Bool(_))) => {
                let is_true = left == Operand::Literal(Literal::Bool(true));
                return Ok(Expression::Constant(is_true));
            }
            _ => return Err(self.expected("a comparison")),
        };
        self.next();
        Ok(Expression::Compare(left, comparison, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.count()?;
        let literal = |it| Ok(Operand::Literal(it));
        if self.take_word("CASEI") {
            self.need_sign("(")?;
            let inside = self.deeper(Self::operand)?;
            self.need_sign(")")?;
            return Ok(Operand::CaseFolded(Box::new(inside)));
        }
        if self.take_word("TRUE") {
            return literal(Literal::Bool(true));
        }
        if self.take_word("FALSE") {
            return literal(Literal::Bool(false));
        }
        for (word, of) in
            [("DATE", Literal::Date as fn(String) -> Literal), ("TIMESTAMP", Literal::Timestamp)]
        {
            if self.take_word(word) {
                self.need_sign("(")?;
                let Some(Token::Text(text)) = self.next().cloned() else {
                    return Err(format!("{word} is followed by a text in parentheses"));
                };
                self.need_sign(")")?;
                return literal(of(text));
            }
        }
        if matches!(self.tokens.first(), Some(Token::Number(_) | Token::Sign("-" | "+"))) {
            return literal(Literal::Number(self.number()?));
        }
        if let Some(Token::Text(text)) = self.tokens.first() {
            let text = text.clone();
            self.next();
            return literal(Literal::Text(text));
        }
        self.name().map(Operand::Property)
    }

    pub(super) fn number(&mut self) -> Result<f64, String> {
        let is_negative = self.take_sign("-");
        if !is_negative {
            self.take_sign("+");
        }
        match self.tokens.first() {
            Some(Token::Number(number)) => {
                let number = if is_negative { -number } else { *number };
                self.next();
                Ok(number)
            }
            _ => Err(self.expected("a number")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let name = match self.tokens.first() {
            Some(Token::Quoted(name)) => name.clone(),
            Some(Token::Word(name)) => {
                if KEY_WORDS.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                    return Err(self.expected("a property or a value"));
                }
                name.clone()
            }
            _ => return Err(self.expected("a property or a value")),
        };
        self.next();
        if self.is_sign("(") {
            let name: String = name.chars().take(40).collect();
            return Err(format!("there is no function {name}"));
        }
        Ok(name)
    }
}

fn negated(is_not: bool, expression: Expression) -> Expression {
    if is_not { Expression::Not(Box::new(expression)) } else { expression }
}

fn short(token: &Token) -> String {
    token.to_string().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Expression, String> {
        parse(text, Limits::ORDINARY)
    }

    fn property(name: &str) -> Operand {
        Operand::Property(name.to_owned())
    }

    fn text(it: &str) -> Operand {
        Operand::Literal(Literal::Text(it.to_owned()))
    }

    fn number(it: f64) -> Operand {
        Operand::Literal(Literal::Number(it))
    }

    fn equal(name: &str, value: Operand) -> Expression {
        Expression::Compare(property(name), Comparison::Equal, value)
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        let (a, b, c) = (equal("a", number(1.0)), equal("b", number(2.0)), equal("c", number(3.0)));
        let not_c = Expression::Not(Box::new(c));
        assert_eq!(
            read("a = 1 OR b=2 and not c = 3").unwrap(),
            Expression::Or(vec![a.clone(), Expression::And(vec![b.clone(), not_c.clone()])])
        );
        assert_eq!(
            read("(a = 1 OR b=2) AND NOT (c = 3)").unwrap(),
            Expression::And(vec![Expression::Or(vec![a, b]), not_c])
        );
    }

    #[test]
    fn quotes_are_doubled_and_names_may_stand_in_double_ones() {
        assert_eq!(read("gata = 'O''Brien'").unwrap(), equal("gata", text("O'Brien")));
        assert_eq!(read(r#""läge" = 'öppen'"#).unwrap(), equal("läge", text("öppen")));
        assert_eq!(read(r#""and" = ''"#).unwrap(), equal("and", text("")));
        assert_eq!(
            read("läge = 'åäö 🚰 \u{202e}'").unwrap(),
            equal("läge", text("åäö 🚰 \u{202e}"))
        );
        assert_eq!(read("a = ''''").unwrap(), equal("a", text("'")));
    }

    #[test]
    fn every_condition_is_read() {
        let a = || property("a");
        for (filter, wanted) in [
            ("a IS NULL", Expression::IsNull("a".into())),
            ("a is not null", negated(true, Expression::IsNull("a".into()))),
            ("a LIKE 'x%'", Expression::Like(a(), "x%".into())),
            ("a NOT LIKE 'x_'", negated(true, Expression::Like(a(), "x_".into()))),
            ("a BETWEEN -1.5e1 AND +2", Expression::Between(a(), number(-15.0), number(2.0))),
            ("a IN (1, 2)", Expression::In(a(), vec![number(1.0), number(2.0)])),
            ("a NOT IN ('x')", negated(true, Expression::In(a(), vec![text("x")]))),
            (
                "CASEI(a) = CASEI('X')",
                Expression::Compare(
                    Operand::CaseFolded(Box::new(a())),
                    Comparison::Equal,
                    Operand::CaseFolded(Box::new(text("X"))),
                ),
            ),
            (
                "a >= DATE('2026-05-19')",
                Expression::Compare(
                    a(),
                    Comparison::GreaterOrEqual,
                    Operand::Literal(Literal::Date("2026-05-19".into())),
                ),
            ),
            ("5 < a", Expression::Compare(number(5.0), Comparison::Less, a())),
            ("TRUE", Expression::Constant(true)),
            (
                "a <> false",
                Expression::Compare(
                    a(),
                    Comparison::Unequal,
                    Operand::Literal(Literal::Bool(false)),
                ),
            ),
        ] {
            assert_eq!(read(filter).unwrap(), wanted, "{filter}");
        }
    }

    #[test]
    fn shapes_are_read_with_their_ordinates_as_written() {
        for (wkt, n) in [
            ("POINT(15.2 59.6)", 1),
            ("point Z (15.2 59.6 7)", 1),
            ("LINESTRING(1 2, 3 4)", 2),
            ("POLYGON((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))", 8),
            ("MULTIPOINT((1 2), (3 4))", 2),
            ("MULTIPOINT(1 2, 3 4)", 2),
            ("MULTILINESTRING((1 2, 3 4))", 2),
            ("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))", 4),
            ("GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(1 2, 3 4))", 3),
            ("BBOX(1, 2, 3, 4)", 5),
            ("BBOX(1, 2, 0, 3, 4, 9)", 5),
        ] {
            use geo::CoordsIter as _;
            let Expression::Intersects(name, shape) =
                read(&format!("S_INTERSECTS(geometry, {wkt})")).unwrap()
            else {
                panic!("{wkt}")
            };
            assert_eq!((name.as_str(), shape.coords_count()), ("geometry", n), "{wkt}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (filter, part) in [
            ("", "at the end"),
            ("a", "a comparison"),
            ("a =", "at the end"),
            ("a = 'x", "does not end"),
            ("a = \"x", "does not end"),
            ("a = 1 b = 2", "should end before b"),
            ("a = 1)", "should end before )"),
            ("(a = 1", ") is expected"),
            ("a ! 1", "no meaning"),
            ("a = 1; DROP TABLE feature", "no meaning"),
            ("and = 1", "a property or a value"),
            ("a NOT 1", "LIKE, BETWEEN or IN"),
            ("a IN ()", "a property or a value"),
            ("a LIKE 7", "followed by a text"),
            ("lower(a) = 'x'", "no function lower"),
            ("S_WITHIN(geometry, POINT(1 2))", "no function S_WITHIN"),
            ("S_INTERSECTS(geometry, POINT(1))", "a number"),
            ("S_INTERSECTS(geometry, CIRCLE(1 2))", "a shape"),
            ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))", "four positions"),
            ("S_INTERSECTS(geometry, POINT(1e999 2))", "not a number"),
            ("a = .", "not a number"),
        ] {
            let error = read(filter).unwrap_err();
            assert!(error.contains(part), "{filter}: {error}");
        }
    }

    #[test]
    fn a_filter_that_is_too_long_too_deep_or_too_large_is_refused() {
        let deep = format!("{}a = 1{}", "(".repeat(10_000 / 2), ")".repeat(10_000 / 2));
        assert!(read(&deep).unwrap_err().contains("too deeply"));
        assert!(read(&"NOT ".repeat(3_000)).unwrap_err().contains("too deeply"));
        assert!(read(&format!("a = '{}'", "å".repeat(10_000))).unwrap_err().contains("bytes"));
        let many = vec!["a=1"; 1_500].join(" OR ");
        assert!(read(&many).unwrap_err().contains("too many parts"));
        let casei = format!("{}a{} = 'x'", "casei(".repeat(500), ")".repeat(500));
        assert!(read(&casei).unwrap_err().contains("too deeply"));
        let nested = format!(
            "S_INTERSECTS(g, {}POINT(1 2){})",
            "GEOMETRYCOLLECTION(".repeat(400),
            ")".repeat(400)
        );
        assert!(read(&nested).unwrap_err().contains("too deeply"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn no_row_of_words_breaks_the_reader(words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "\"b\"", "'c'", "1", "-", ".5", "(", ")", ",", "=", "<>", "<", "AND", "OR", "NOT", "LIKE",
                "BETWEEN", "IN", "IS", "NULL", "TRUE", "CASEI", "DATE", "S_INTERSECTS", "BBOX", "POINT", "POLYGON",
                "MULTIPOINT", "GEOMETRYCOLLECTION", "EMPTY", "Z",
            ]), 0..40,
        )) {
            let _ = read(&words.join(" "));
        }
    }
}
