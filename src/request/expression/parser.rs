//! From words to trees, by descent through OData's ranks of operators: `or`, `and`, equality, relation, sum, product,
//! sign.

use super::lexer::{Token, words};
use super::{ColumnName, Direction, Expression, Function, Kind, Literal, Operator, OrderKey, refusal, unserved};
use crate::request::error::quoted;
use crate::request::{RequestError, nearest};

/// Brackets, `not` and signs within each other. Every level costs stack here and in whatever walks the tree.
const DEEPEST: usize = 48;
/// Operators and operands of one text.
const MOST_PARTS: usize = 400;
/// Keys of one order. More than that is a mistake.
const MOST_KEYS: usize = 32;

/// Reads a condition.
pub(in crate::request) fn condition(parameter: &'static str, text: &str) -> Result<Expression, RequestError> {
    read_condition(parameter, text).map_err(|refusal| unserved::explained(refusal, parameter, text))
}

/// Reads an order: expressions, each with `asc` or `desc` behind it if wanted.
pub(in crate::request) fn order(parameter: &'static str, text: &str) -> Result<Vec<OrderKey>, RequestError> {
    read_order(parameter, text).map_err(|refusal| unserved::explained(refusal, parameter, text))
}

fn read_condition(parameter: &'static str, text: &str) -> Result<Expression, RequestError> {
    let mut parser = Parser::new(parameter, text)?;
    let expression = parser.or(0)?;
    parser.end()?;
    Ok(expression)
}

fn read_order(parameter: &'static str, text: &str) -> Result<Vec<OrderKey>, RequestError> {
    let mut parser = Parser::new(parameter, text)?;
    let mut keys = Vec::new();
    loop {
        let by = parser.or(0)?;
        let direction = if parser.takes_word("desc") {
            Direction::Descending
        } else {
            parser.takes_word("asc");
            Direction::Ascending
        };
        keys.push(OrderKey { by, direction });
        if keys.len() > MOST_KEYS {
            return Err(parser.refuse_here(format!("there are more than {MOST_KEYS} keys")));
        }
        if !parser.takes(&Token::Comma) {
            parser.end()?;
            return Ok(keys);
        }
    }
}

/// Reads a list of columns. `*` is all of them: `None`.
pub(in crate::request) fn columns(
    parameter: &'static str,
    text: &str,
) -> Result<Option<Vec<ColumnName>>, RequestError> {
    let mut parser = Parser::new(parameter, text)?;
    if parser.takes(&Token::Star) {
        parser.end()?;
        return Ok(None);
    }
    let mut columns: Vec<ColumnName> = Vec::new();
    loop {
        let at = parser.at();
        let Some(Token::Name(name)) = parser.next() else {
            return Err(refusal(parameter, at, "the name of a column is missing"));
        };
        if columns.iter().any(|known| known.name == name) {
            return Err(refusal(parameter, at, format!("`{}` stands here twice", quoted(&name))));
        }
        columns.push(ColumnName { name, at });
        if !parser.takes(&Token::Comma) {
            parser.end()?;
            return Ok(Some(columns));
        }
    }
}

struct Parser {
    parameter: &'static str,
    words: Vec<(Token, usize)>,
    next: usize,
    /// Behind the last character.
    end: usize,
    parts: usize,
}

impl Parser {
    fn new(parameter: &'static str, text: &str) -> Result<Self, RequestError> {
        let words = words(parameter, text)?;
        Ok(Self { parameter, words, next: 0, end: text.chars().count() + 1, parts: 0 })
    }

    fn peek(&self) -> Option<&Token> {
        self.words.get(self.next).map(|(token, _)| token)
    }

    /// Where the next word begins.
    fn at(&self) -> usize {
        self.words.get(self.next).map_or(self.end, |(_, at)| *at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.words.get(self.next)?.0.clone();
        self.next += 1;
        Some(token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.next += usize::from(is_next);
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Name(name)) if name.eq_ignore_ascii_case(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn refuse_here(&self, why: impl Into<String>) -> RequestError {
        refusal(self.parameter, self.at(), why)
    }

    /// Nothing may follow.
    fn end(&self) -> Result<(), RequestError> {
        let Some(token) = self.peek() else { return Ok(()) };
        let why = match token {
            Token::Name(name) if matches!(name.to_ascii_lowercase().as_str(), "like" | "ilike") => {
                "there is no `like`; use contains(column,'text'), startswith or endswith".to_owned()
            }
            Token::Name(name) if matches!(name.to_ascii_lowercase().as_str(), "is" | "between") => {
                "write `eq null`, `ne null`, or two conditions with `ge`, `and`, `le`".to_owned()
            }
            Token::Close => "this `)` was never opened".to_owned(),
            other => format!("{} was not expected here; an operator such as eq, gt, and, or is missing", other.said()),
        };
        Err(self.refuse_here(why))
    }

    fn deeper(&self, depth: usize) -> Result<usize, RequestError> {
        match depth < DEEPEST {
            true => Ok(depth + 1),
            false => Err(self.refuse_here(format!("more than {DEEPEST} brackets and `not` within each other"))),
        }
    }

    fn part(&mut self, kind: Kind, at: usize) -> Result<Expression, RequestError> {
        self.parts += 1;
        match self.parts <= MOST_PARTS {
            true => Ok(Expression { kind, at }),
            false => Err(refusal(self.parameter, at, format!("it has more than {MOST_PARTS} parts"))),
        }
    }

    fn or(&mut self, depth: usize) -> Result<Expression, RequestError> {
        self.chain(depth, &[Operator::Or], Self::and)
    }

    fn and(&mut self, depth: usize) -> Result<Expression, RequestError> {
        self.chain(depth, &[Operator::And], Self::equality)
    }

    fn equality(&mut self, depth: usize) -> Result<Expression, RequestError> {
        self.chain(depth, &[Operator::Equal, Operator::NotEqual], Self::relation)
    }

    fn relation(&mut self, depth: usize) -> Result<Expression, RequestError> {
        const RELATIONS: [Operator; 4] =
            [Operator::Greater, Operator::GreaterOrEqual, Operator::Less, Operator::LessOrEqual];
        let left = self.chain(depth, &RELATIONS, Self::sum)?;
        let at = self.at();
        match self.takes_word("in") {
            false => Ok(left),
            true => {
                let list = self.list(depth)?;
                self.part(Kind::In(Box::new(left), list), at)
            }
        }
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, RequestError> {
        self.chain(depth, &[Operator::Add, Operator::Subtract], Self::product)
    }

    fn product(&mut self, depth: usize) -> Result<Expression, RequestError> {
        const PRODUCTS: [Operator; 4] = [Operator::Multiply, Operator::Divide, Operator::DivideBy, Operator::Modulo];
        self.chain(depth, &PRODUCTS, Self::sign)
    }

    /// Operands of the next rank with operators of this one between them, from the left.
    fn chain(
        &mut self,
        depth: usize,
        operators: &[Operator],
        operand: fn(&mut Self, usize) -> Result<Expression, RequestError>,
    ) -> Result<Expression, RequestError> {
        let mut left = operand(self, depth)?;
        // A chain grows to the left; as deep a tree as brackets would make it may not become.
        let mut links = 0;
        while let Some(operator) = operators.iter().find(|operator| self.is_word(operator.name())) {
            let at = self.at();
            self.next += 1;
            links += 1;
            if links > MOST_LINKS {
                return Err(refusal(
                    self.parameter,
                    at,
                    format!("more than {MOST_LINKS} times `{}` in a row; use `in`", operator.name()),
                ));
            }
            let right = operand(self, depth)?;
            left = self.part(Kind::Binary(Box::new(left), *operator, Box::new(right)), at)?;
        }
        Ok(left)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(name)) if name.eq_ignore_ascii_case(word))
    }

    fn sign(&mut self, depth: usize) -> Result<Expression, RequestError> {
        let at = self.at();
        if self.takes(&Token::Minus) {
            let depth = self.deeper(depth)?;
            let one = self.sign(depth)?;
            return match one.kind {
                Kind::Literal(Literal::Integer(value)) => self.part(Kind::Literal(Literal::Integer(-value)), at),
                Kind::Literal(Literal::Number(text)) => {
                    let negative = text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
                    self.part(Kind::Literal(Literal::Number(negative)), at)
                }
                _ => self.part(Kind::Negative(Box::new(one)), at),
            };
        }
        // `not` before a bracket or an operand; a column of that name would be followed by an operator or nothing.
        if self.is_word("not") {
            self.next += 1;
            let depth = self.deeper(depth)?;
            let one = self.sign(depth)?;
            return self.part(Kind::Not(Box::new(one)), at);
        }
        self.primary(depth)
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, RequestError> {
        let at = self.at();
        let kind = match self.next() {
            None => return Err(refusal(self.parameter, at, "it ends where a column or a value is expected")),
            Some(Token::Open) => {
                let depth = self.deeper(depth)?;
                let inner = self.or(depth)?;
                self.close(at)?;
                return Ok(inner);
            }
            Some(Token::Literal(literal)) => Kind::Literal(literal),
            Some(Token::Name(name)) if self.peek() == Some(&Token::Open) => return self.call(&name, at, depth),
            Some(Token::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "null" => Kind::Literal(Literal::Null),
                "true" => Kind::Literal(Literal::Boolean(true)),
                "false" => Kind::Literal(Literal::Boolean(false)),
                _ => Kind::Column(name),
            },
            Some(other) => {
                let why = format!("{} stands where a column or a value is expected", other.said());
                return Err(refusal(self.parameter, at, why));
            }
        };
        self.part(kind, at)
    }

    fn close(&mut self, opened: usize) -> Result<(), RequestError> {
        match self.takes(&Token::Close) {
            true => Ok(()),
            false if self.peek().is_none() => Err(refusal(self.parameter, opened, "this `(` is never closed")),
            false => Err(self.end().err().unwrap_or_else(|| self.refuse_here("`)` is missing"))),
        }
    }

    fn call(&mut self, name: &str, at: usize, depth: usize) -> Result<Expression, RequestError> {
        let Some(function) = Function::ALL.into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
        else {
            return Err(self.unknown_function(name, at));
        };
        let opened = self.at();
        self.next += 1;
        let depth = self.deeper(depth)?;
        let mut arguments = vec![self.or(depth)?];
        while self.takes(&Token::Comma) {
            arguments.push(self.or(depth)?);
        }
        self.close(opened)?;
        let (least, most) = function.arguments();
        if !(least..=most).contains(&arguments.len()) {
            let takes = if least == most { format!("{least}") } else { format!("{least} or {most}") };
            let why = format!("{name} takes {takes} arguments, not {}", arguments.len());
            return Err(refusal(self.parameter, at, why));
        }
        self.part(Kind::Call(function, arguments), at)
    }

    fn unknown_function(&self, name: &str, at: usize) -> RequestError {
        let near = match name.to_ascii_lowercase().as_str() {
            "substringof" | "includes" => Some("contains"),
            "lower" | "lcase" => Some("tolower"),
            "upper" | "ucase" => Some("toupper"),
            "len" => Some("length"),
            "ceil" => Some("ceiling"),
            _ => nearest(name, Function::ALL.map(Function::name)),
        };
        RequestError::Expression {
            parameter: self.parameter,
            position: at,
            why: format!("there is no function `{}`", quoted(name)),
            near: near.map(str::to_owned),
        }
    }

    /// `(value, value)`
    fn list(&mut self, depth: usize) -> Result<Vec<Expression>, RequestError> {
        let opened = self.at();
        if !self.takes(&Token::Open) {
            return Err(self.refuse_here("`in` needs a list: ('a','b')"));
        }
        let mut list = Vec::new();
        loop {
            let value = self.sign(depth)?;
            if !matches!(value.kind, Kind::Literal(_)) {
                return Err(refusal(self.parameter, value.at, "the list of `in` holds values only"));
            }
            list.push(value);
            if !self.takes(&Token::Comma) {
                self.close(opened)?;
                return Ok(list);
            }
        }
    }
}

/// Operands of one rank in a row: each makes the tree one level deeper.
const MOST_LINKS: usize = 200;

#[cfg(test)]
mod tests;
