//! Walks one JSON record and lists its cells.
//!
//! In: a reader that stands before a record. Out: the record's `ts` and a cell for every value that is not null, each
//! with its place, kind, text and hash. Nothing is copied except strings that hold escapes.
//!
//! Decisions:
//! - A key that comes twice in one object: the last one counts, with everything under it (as in most JSON tools), also
//!   when it is null.
//! - JSON null, a missing key and `{}` are all null and leave no trace; a section or profile written as `[]` as well.
//! - A section or profile that is another value is a property of its own, so nothing is lost.
//! - Keys outside the sections and the known profile fields are not part of the table.

use std::ops::Range;

use super::error::{FlattenError, MAX_DEPTH, RecordFault};
use super::hash::{self, Family};
use super::json::{NotJson, Piece, Place, Reader};
use super::kinds::{self, Kind};
use super::paths::{LEVELS, NodeId, Paths, ROOT, Role, Section};

/// Why a walk stops.
pub(super) enum Stop {
    Fault(RecordFault),
    Table(FlattenError),
}

impl From<NotJson> for Stop {
    fn from(fault: NotJson) -> Self {
        Self::Fault(RecordFault::NotJson { at: fault.at })
    }
}

impl From<FlattenError> for Stop {
    fn from(error: FlattenError) -> Self {
        Self::Table(error)
    }
}

/// A value that is not null.
pub(super) struct Cell<'a> {
    pub node: NodeId,
    pub kind: Kind,
    pub text: Text<'a>,
    /// The value of an [`Kind::Integer`].
    pub integer: i64,
    /// What it adds to the hash of the record's properties.
    pub hash: u128,
    /// How many properties came before it in the record.
    pub position: u32,
}

/// A value as text: strings without quotes and escapes, everything else as written.
#[derive(Clone)]
pub(super) enum Text<'a> {
    Page(&'a str),
    /// A string that held escapes, in [`Record::unescaped`].
    Unescaped(Range<usize>),
}

/// The cells of one record.
#[derive(Default)]
pub(super) struct Record<'a> {
    pub cells: Vec<Cell<'a>>,
    pub time: Option<Text<'a>>,
    /// The order that the record asks for.
    pub key: Option<u128>,
    unescaped: String,
    positions: u32,
}

impl<'a> Record<'a> {
    #[inline]
    pub fn text<'b>(&'b self, text: &Text<'a>) -> &'b str {
        match text {
            Text::Page(text) => text,
            Text::Unescaped(range) => self.unescaped.get(range.clone()).unwrap_or_default(),
        }
    }

    fn clear(&mut self) {
        self.cells.clear();
        self.time = None;
        self.key = None;
        self.unescaped.clear();
        self.positions = 0;
    }

    #[inline]
    fn keep(&mut self, text: Piece<'a, '_>) -> Text<'a> {
        match text {
            Piece::Page(text) => Text::Page(text),
            Piece::Unescaped(text) => {
                let start = self.unescaped.len();
                self.unescaped.push_str(text);
                Text::Unescaped(start..self.unescaped.len())
            }
        }
    }
}

/// Reads the records of one page.
pub(super) struct Walk<'p, 'a> {
    pub reader: Reader<'a>,
    pub record: Record<'a>,
    pub paths: &'p mut Paths,
    page: &'a str,
    /// The record's number within the walk, from 1.
    number: u64,
    key: String,
    string: String,
}

impl<'p, 'a> Walk<'p, 'a> {
    pub fn new(page: &'a str, paths: &'p mut Paths) -> Self {
        let reader = Reader::new(page);
        Self { reader, record: Record::default(), paths, page, number: 0, key: String::new(), string: String::new() }
    }

    /// Reads the record whose first byte is `first`; its cells are in `self.record` until the next one.
    pub fn read(&mut self, first: u8, number: u64) -> Result<(), Stop> {
        self.record.clear();
        self.number = number;
        if first != b'{' {
            self.skip(first, MAX_DEPTH)?;
            return Err(Stop::Fault(RecordFault::NotAnObject));
        }
        self.object(ROOT, MAX_DEPTH - 1)
    }

    /// The keys of an object whose `{` is read; `depth` more levels are allowed.
    fn object(&mut self, parent: NodeId, depth: u32) -> Result<(), Stop> {
        let mut place = Place::First;
        let mut before = None;
        loop {
            let (guess, member) = self.paths.guess(parent, before);
            let known = if self.reader.expect(&mut place, member) {
                Ok(guess)
            } else {
                match self.reader.key(&mut place, &mut self.key)? {
                    Some(key) => self.paths.find(parent, before, &key).ok_or(key),
                    None => return Ok(()),
                }
            };
            let first = self.reader.byte()?;
            if first == b'n' {
                self.reader.literal("ull")?;
                if let Ok(node) = known {
                    before = Some(node);
                    self.visit(node);
                }
                continue;
            }
            let node = match known {
                Ok(node) => node,
                Err(key) => match self.paths.place(parent, &key)? {
                    Some(node) => node,
                    None => {
                        self.skip(first, depth)?;
                        continue;
                    }
                },
            };
            before = Some(node);
            let (role, place) = self.visit(node);
            self.value(node, role, place, first, depth)?;
        }
    }

    /// Notes that a key came, and says what stands there and the place's hash.
    #[inline]
    fn visit(&mut self, id: NodeId) -> (Role, u64) {
        let node = self.paths.node(id);
        let (role, place) = (node.role, node.hash);
        if node.record == self.number {
            self.forget(id, role);
        } else {
            node.record = self.number;
        }
        (role, place)
    }

    /// A key came again: what it held before in this record no longer counts.
    #[cold]
    fn forget(&mut self, id: NodeId, role: Role) {
        match role {
            Role::Time => self.record.time = None,
            Role::Key => self.record.key = None,
            _ => {}
        }
        let paths = &*self.paths;
        self.record.cells.retain(|cell| !paths.is_under(cell.node, id));
    }

    #[inline]
    fn value(&mut self, id: NodeId, role: Role, place: u64, first: u8, depth: u32) -> Result<(), Stop> {
        let section = match role {
            Role::Time => return self.time(first),
            Role::Profile if first == b'{' => return self.object(id, depth - 1),
            Role::Property { levels, .. } if first == b'{' && levels < LEVELS && depth > 0 => {
                return self.object(id, depth - 1);
            }
            Role::Property { section, .. } => Some(section),
            Role::Root | Role::Profile => Some(Section::Profile),
            Role::Fixed(_) => None,
            Role::Key => return self.key(first),
        };
        let hashed = matches!(section, Some(Section::Session | Section::Event));
        let mut integer = 0;
        let (kind, text, family) = match first {
            b'"' => {
                let text = self.reader.string(&mut self.string)?;
                let kind = if section.is_some() { kinds::of_string(&text) } else { Kind::Text };
                (kind, self.record.keep(text), Family::Text)
            }
            b'-' | b'0'..=b'9' => {
                let number = self.reader.number(first)?;
                let kind;
                (kind, integer) = kinds::of_read_number(number.text, number.integer);
                (kind, Text::Page(number.text), Family::Number)
            }
            b't' => {
                self.reader.literal("rue")?;
                (Kind::Boolean, Text::Page("true"), Family::Boolean)
            }
            b'f' => {
                self.reader.literal("alse")?;
                (Kind::Boolean, Text::Page("false"), Family::Boolean)
            }
            _ => return self.json(id, first, depth, role, hashed.then_some(place)),
        };
        let hash = match (hashed, &text) {
            (false, _) => 0,
            (true, text) => hash::scalar(place, family, self.record.text(text)),
        };
        self.push(Cell { node: id, kind, text, integer, hash, position: 0 }, section.is_some());
        Ok(())
    }

    /// An array or object that is one cell. `place` is the hash of its place if it is to be hashed.
    fn json(&mut self, node: NodeId, first: u8, depth: u32, role: Role, place: Option<u64>) -> Result<(), Stop> {
        let start = self.reader.offset() - 1;
        let value = match place {
            Some(_) => self.nested::<true>(first, depth)?,
            None => self.nested::<false>(first, depth)?,
        };
        let text = self.page.get(start..self.reader.offset()).unwrap_or_default();
        let empty = text.len() <= 2 || text.as_bytes()[1..text.len() - 1].trim_ascii().is_empty();
        let nothing = match role {
            Role::Fixed(_) => false,
            Role::Property { levels: 1.., .. } => first == b'{',
            _ => true,
        };
        if !(empty && nothing) {
            let hash = place.map_or(0, |place| hash::json(place, value));
            let cell = Cell { node, kind: Kind::Json, text: Text::Page(text), integer: 0, hash, position: 0 };
            self.push(cell, !matches!(role, Role::Fixed(_)));
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, mut cell: Cell<'a>, property: bool) {
        if property {
            cell.position = self.record.positions;
            self.record.positions += 1;
        }
        self.record.cells.push(cell);
    }

    fn time(&mut self, first: u8) -> Result<(), Stop> {
        let text = match first {
            b'"' => {
                let text = self.reader.string(&mut self.string)?;
                self.record.keep(text)
            }
            b'-' | b'0'..=b'9' => Text::Page(self.reader.number(first)?.text),
            _ => return Err(Stop::Fault(RecordFault::UnreadableTime)),
        };
        self.record.time = Some(text);
        Ok(())
    }

    #[cold]
    fn key(&mut self, first: u8) -> Result<(), Stop> {
        let fault = Stop::Fault(RecordFault::UnreadableKey);
        if first != b'"' {
            return Err(fault);
        }
        let text = self.reader.string(&mut self.string)?;
        let mut digits = [0; 16];
        hex::decode_to_slice(&*text, &mut digits).map_err(|_| fault)?;
        self.record.key = Some(u128::from_be_bytes(digits));
        Ok(())
    }

    fn skip(&mut self, first: u8, depth: u32) -> Result<(), Stop> {
        self.nested::<false>(first, depth).map(drop)
    }

    /// Reads a value of any shape that begins with `first`, and hashes it if asked to.
    fn nested<const HASHED: bool>(&mut self, first: u8, depth: u32) -> Result<u128, Stop> {
        let scalar = |family, text: &str| if HASHED { hash::scalar(0, family, text) } else { 0 };
        let mut place = Place::First;
        Ok(match first {
            b'{' | b'[' if depth == 0 => return Err(Stop::Fault(RecordFault::TooDeep)),
            b'{' => {
                let mut members = 0u128;
                while let Some(key) = self.reader.key(&mut place, &mut self.key)? {
                    let key = if HASHED { hash::path(0, &key) } else { 0 };
                    let first = self.reader.byte()?;
                    let value = self.nested::<HASHED>(first, depth - 1)?;
                    if HASHED {
                        members = members.wrapping_add(hash::member(key, value));
                    }
                }
                if HASHED { hash::object(members) } else { 0 }
            }
            b'[' => {
                let mut elements = 0u128;
                while let Some(first) = self.reader.element(&mut place)? {
                    let value = self.nested::<HASHED>(first, depth - 1)?;
                    if HASHED {
                        elements = hash::element(elements, value);
                    }
                }
                elements
            }
            b'"' => scalar(Family::Text, &self.reader.string(&mut self.string)?),
            b'-' | b'0'..=b'9' => scalar(Family::Number, self.reader.number(first)?.text),
            b't' => {
                self.reader.literal("rue")?;
                scalar(Family::Boolean, "true")
            }
            b'f' => {
                self.reader.literal("alse")?;
                scalar(Family::Boolean, "false")
            }
            b'n' => {
                self.reader.literal("ull")?;
                scalar(Family::Null, "")
            }
            _ => return Err(self.reader.fault().into()),
        })
    }
}
