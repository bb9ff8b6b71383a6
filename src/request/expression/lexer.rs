//! The words of an expression: names, literals, brackets, each with its position.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use super::{Literal, refusal};
use crate::request::RequestError;
use crate::request::error::quoted;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A column, a function, an operator, `true`, `false`, `null`.
    Name(String),
    Literal(Literal),
    Open,
    Close,
    Comma,
    Minus,
    Star,
}

impl Token {
    /// As a person would call it.
    pub fn said(&self) -> String {
        match self {
            Self::Name(name) => format!("`{}`", quoted(name)),
            Self::Literal(Literal::Text(text)) => format!("the text '{}'", quoted(text)),
            Self::Literal(_) => "a value".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Minus => "`-`".to_owned(),
            Self::Star => "`*`".to_owned(),
        }
    }
}

/// The words in their order, with the positions of their first characters, counted from 1.
pub(super) fn words(parameter: &'static str, text: &str) -> Result<Vec<(Token, usize)>, RequestError> {
    let letters: Vec<char> = text.chars().collect();
    let mut reader = Reader { parameter, letters: &letters, next: 0 };
    let mut words = Vec::new();
    while let Some(letter) = reader.peek() {
        if letter.is_whitespace() {
            reader.next += 1;
            continue;
        }
        let at = reader.next + 1;
        words.push((reader.word(letter)?, at));
    }
    Ok(words)
}

struct Reader<'a> {
    parameter: &'static str,
    letters: &'a [char],
    next: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.next).copied()
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.letters.get(self.next + by).copied()
    }

    fn refuse(&self, at: usize, why: impl Into<String>) -> RequestError {
        refusal(self.parameter, at, why)
    }

    fn word(&mut self, letter: char) -> Result<Token, RequestError> {
        let single = match letter {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '-' => Some(Token::Minus),
            '*' => Some(Token::Star),
            _ => None,
        };
        if let Some(token) = single {
            self.next += 1;
            return Ok(token);
        }
        match letter {
            '\'' => self.text(),
            '0'..='9' => self.digits(),
            _ if is_name(letter) => Ok(Token::Name(self.run(is_name))),
            _ => Err(self.refuse(self.next + 1, stranger(letter))),
        }
    }

    /// The letters from here on that are of one kind.
    fn run(&mut self, is_one: impl Fn(char) -> bool) -> String {
        let run: String = self.letters.iter().skip(self.next).take_while(|letter| is_one(**letter)).collect();
        self.next += run.chars().count();
        run
    }

    /// `'…'`, in which `''` is one quote.
    fn text(&mut self) -> Result<Token, RequestError> {
        let at = self.next + 1;
        self.next += 1;
        let mut text = String::new();
        loop {
            match (self.peek(), self.ahead(1)) {
                (None, _) => return Err(self.refuse(at, "this text has no closing '")),
                (Some('\''), Some('\'')) => {
                    text.push('\'');
                    self.next += 2;
                }
                (Some('\''), _) => {
                    self.next += 1;
                    return Ok(Token::Literal(Literal::Text(text)));
                }
                (Some(letter), _) => {
                    text.push(letter);
                    self.next += 1;
                }
            }
        }
    }

    /// A day, a time, a number, or a name that begins with a digit.
    fn digits(&mut self) -> Result<Token, RequestError> {
        let is_day = "dddd-dd-dd".chars().enumerate().all(|(by, form)| match (form, self.ahead(by)) {
            ('d', Some(letter)) => letter.is_ascii_digit(),
            (form, letter) => letter == Some(form),
        });
        if is_day {
            return self.day_or_time().map(Token::Literal);
        }
        let at = self.next;
        let mut number = self.run(|letter| letter.is_ascii_digit());
        let mut whole = true;
        if self.peek() == Some('.') && self.ahead(1).is_some_and(|letter| letter.is_ascii_digit()) {
            self.next += 1;
            whole = false;
            number = format!("{number}.{}", self.run(|letter| letter.is_ascii_digit()));
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.ahead(1), Some('+' | '-')));
            if self.ahead(1 + sign).is_some_and(|letter| letter.is_ascii_digit()) {
                whole = false;
                number.push('e');
                number.extend(self.letters.iter().skip(self.next + 1).take(sign));
                self.next += 1 + sign;
                number.push_str(&self.run(|letter| letter.is_ascii_digit()));
            }
        }
        if self.peek().is_some_and(is_name) {
            self.next = at;
            return Ok(Token::Name(self.run(is_name)));
        }
        let integer = if whole { number.parse().ok() } else { None };
        Ok(Token::Literal(integer.map_or(Literal::Number(number), Literal::Integer)))
    }

    fn day_or_time(&mut self) -> Result<Literal, RequestError> {
        let at = self.next + 1;
        let mut text: String = self.letters.iter().skip(self.next).take(10).collect();
        self.next += 10;
        let date: Date = text.parse().map_err(|_| self.refuse(at, format!("there is no day {text}")))?;
        if !matches!(self.peek(), Some('T' | 't')) {
            return match self.peek().is_some_and(is_name) {
                true => Err(self.refuse(at, "a time is written 2026-11-01T09:30:00")),
                false => Ok(Literal::Date(date)),
            };
        }
        self.next += 1;
        text.push('T');
        let clock = self.run(|letter| letter.is_ascii_digit() || matches!(letter, ':' | '.'));
        text.push_str(&clock);
        let offset = self.offset()?;
        let time: Result<DateTime, _> = text.parse();
        match (time, clock.len() >= 5 && !self.peek().is_some_and(is_name)) {
            (Ok(time), true) => Ok(Literal::Time(time, offset)),
            _ => Err(self.refuse(at, format!("there is no time {}", quoted(&text)))),
        }
    }

    /// `Z` or `+05:30`. In an address a `+` that was not encoded has become a blank.
    fn offset(&mut self) -> Result<Option<Offset>, RequestError> {
        let sign = match self.peek() {
            Some('Z' | 'z') => {
                self.next += 1;
                return Ok(Some(Offset::UTC));
            }
            Some('-') => -1,
            Some('+') => 1,
            Some(' ') => 1,
            _ => return Ok(None),
        };
        let digit = |by| self.ahead(by).and_then(|letter| letter.to_digit(10));
        let (Some(h), Some(hh), Some(':'), Some(m), Some(mm)) = (digit(1), digit(2), self.ahead(3), digit(4), digit(5))
        else {
            return match self.peek() {
                Some(' ') => Ok(None),
                _ => Err(self.refuse(self.next + 1, "an offset is written +05:30, -03:00 or Z")),
            };
        };
        let at = self.next + 1;
        self.next += 6;
        let seconds = ((h * 10 + hh) * 3600 + (m * 10 + mm) * 60) as i32 * sign;
        Offset::from_seconds(seconds).map(Some).map_err(|_| self.refuse(at, "there is no such offset"))
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn stranger(letter: char) -> String {
    let instead = match letter {
        '=' => "equal is written `eq`",
        '>' => "greater is written `gt`, greater or equal `ge`",
        '<' => "less is written `lt`, less or equal `le`",
        '!' => "not equal is written `ne`",
        '"' => "text stands in single quotes: 'text'",
        '&' => "both is written `and`",
        '|' => "either is written `or`",
        '%' => "the rest of a division is written `mod`; a part of a text is found with contains, startswith, endswith",
        '+' => "a sum is written `add`; in an address a + that belongs to the text is written %2B",
        '/' => "a division is written `div`, or `divby` with decimals",
        ':' => "a time is written with its day: 2026-11-01T09:30:00",
        '$' => "the words have no `$` here",
        _ => "letters, digits, `_`, values, brackets and commas can stand here",
    };
    format!("`{letter}` has no meaning here; {instead}")
}
