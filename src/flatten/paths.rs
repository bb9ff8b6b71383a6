//! The keys a walk has met, as a tree: from a key in its place to the column it belongs to.
//!
//! Records of one event are nearly alike, so after a key comes, almost always, the key that came last time: that one
//! is tried first, and the hash table is asked only when it fails. The tree lives as long as its walk.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::error::{FlattenError, MAX_COLUMNS};
use super::{hash, json};

/// Keys a walk may meet, objects that are taken apart included.
const MAX_NODES: usize = 4 * MAX_COLUMNS;

pub(super) type NodeId = u32;
pub(super) const ROOT: NodeId = 0;

/// What stands at a place in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Root,
    Time,
    /// The order that the record asks for; see [`Shape::Record`].
    Key,
    /// The profile: known fields, and among them the section of its own properties.
    Profile,
    /// One of the fixed text columns, by its place in [`super::raw::TEXTS`].
    Fixed(u8),
    /// A section (its keys are properties) or, with `levels` > 0, a property on that level.
    Property {
        section: Section,
        levels: u8,
    },
}

/// The sources of property columns, in the order of columns first seen at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Session,
    Event,
    Profile,
    Item,
    Result,
    Message,
}

/// Keys below a section that become columns of their own; an object on the last of these levels is JSON text.
pub(super) const LEVELS: u8 = 3;

/// Which places a walk's records have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// CleverTap's own event records.
    Event,
    /// The records that [`super::records`] writes. At their root may also be a `key` and the sections `item`,
    /// `result` and `message`. What is in `event_props` are the fixed columns, so objects there are not taken apart;
    /// of the profile only its own properties count.
    Record,
}

/// As large as a line of the processor's cache: every record visits most nodes.
#[repr(align(64))]
pub(super) struct Node {
    /// The place's hash, see [`super::hash`].
    pub hash: u64,
    /// The last record in which the key came, to notice a key that comes twice.
    pub record: u64,
    pub role: Role,
    column: u32,
    parent: NodeId,
    /// The sibling that came after this one last time, and the first child of last time.
    after: NodeId,
    first: NodeId,
    /// [`Key::member`] if it is no longer than this; else the length is 0.
    member: [u8; SHORT],
    member_len: u8,
}

const SHORT: usize = 24;
const NO_COLUMN: u32 = u32::MAX;
const _: () = assert!(size_of::<Node>() == 64);

impl Node {
    /// The column, once a value came.
    #[inline]
    pub fn column(&self) -> Option<u32> {
        (self.column != NO_COLUMN).then_some(self.column)
    }

    pub fn set_column(&mut self, column: u32) {
        self.column = column;
    }
}

/// What is read of a node's key only where it was not the expected one, or is long.
struct Key {
    text: Box<str>,
    /// As it is mostly written, see [`json::member`].
    member: Box<[u8]>,
}

pub(super) struct Paths {
    nodes: Vec<Node>,
    /// One of every node.
    keys: Vec<Key>,
    table: HashTable<NodeId>,
    hasher: RandomState,
}

impl Paths {
    /// The tree with the places that every record of this shape can have; `fixed` are the profile's fields with their
    /// role.
    pub fn new(shape: Shape, fixed: impl Iterator<Item = (&'static str, u8)>) -> Self {
        let mut paths =
            Self { nodes: Vec::new(), keys: Vec::new(), table: HashTable::new(), hasher: RandomState::default() };
        // No parent at all, so that an empty key at the top is not taken for the root itself.
        paths.push(NodeId::MAX, Key { text: "".into(), member: Box::default() }, Role::Root, 0);
        let section = |section| Role::Property { section, levels: 0 };
        paths.add(ROOT, "ts", Role::Time);
        paths.add(ROOT, "session_props", section(Section::Session));
        let levels = if shape == Shape::Event { 0 } else { LEVELS - 1 };
        paths.add(ROOT, "event_props", Role::Property { section: Section::Event, levels });
        let profile = paths.add(ROOT, "profile", Role::Profile);
        paths.add(profile, "profileData", section(Section::Profile));
        if shape == Shape::Event {
            for (key, index) in fixed {
                paths.add(profile, key, Role::Fixed(index));
            }
        } else {
            paths.add(ROOT, "key", Role::Key);
            paths.add(ROOT, "item", section(Section::Item));
            paths.add(ROOT, "result", section(Section::Result));
            paths.add(ROOT, "message", section(Section::Message));
        }
        paths
    }

    #[inline]
    pub fn node(&mut self, id: NodeId) -> &mut Node {
        // Ids are only ever made by `push`, which makes the node first.
        &mut self.nodes[id as usize]
    }

    /// The child that is expected behind `before`, or first of all, because it was there last time; and its key as it is
    /// mostly written. A guess: it may be no child of `parent` at all, and is not written as one then.
    #[inline]
    pub fn guess(&self, parent: NodeId, before: Option<NodeId>) -> (NodeId, &[u8]) {
        let guess = match before {
            Some(before) => self.nodes[before as usize].after,
            None => self.nodes[parent as usize].first,
        };
        let node = &self.nodes[guess as usize];
        let member = match node.member_len {
            _ if node.parent != parent => &[],
            0 => &*self.keys[guess as usize].member,
            len => &node.member[..usize::from(len)],
        };
        (guess, member)
    }

    /// The child with this key, if it is known; `before` is the key before it in the same object, if any.
    #[inline]
    pub fn find(&mut self, parent: NodeId, before: Option<NodeId>, key: &str) -> Option<NodeId> {
        let (nodes, keys) = (&self.nodes, &self.keys);
        let found = *self.table.find(self.hasher.hash_one((parent, key)), |id| {
            nodes[*id as usize].parent == parent && *keys[*id as usize].text == *key
        })?;
        match before {
            Some(before) => self.nodes[before as usize].after = found,
            None => self.nodes[parent as usize].first = found,
        }
        Some(found)
    }

    /// A place for a key that [`Paths::find`] does not know; `None` when such keys are not part of the table.
    pub fn place(&mut self, parent: NodeId, key: &str) -> Result<Option<NodeId>, FlattenError> {
        let Role::Property { section, levels } = self.node(parent).role else { return Ok(None) };
        if self.nodes.len() >= MAX_NODES {
            return Err(FlattenError::TooManyColumns);
        }
        Ok(Some(self.add(parent, key, Role::Property { section, levels: levels + 1 })))
    }

    fn add(&mut self, parent: NodeId, key: &str, role: Role) -> NodeId {
        let hash = hash::path(self.nodes[parent as usize].hash, key);
        let id = self.push(parent, Key { text: key.into(), member: json::member(key) }, role, hash);
        let (nodes, keys, hasher) = (&self.nodes, &self.keys, &self.hasher);
        let hash_of = |id: &NodeId| hasher.hash_one((nodes[*id as usize].parent, &*keys[*id as usize].text));
        self.table.insert_unique(hash_of(&id), id, hash_of);
        id
    }

    fn push(&mut self, parent: NodeId, key: Key, role: Role, hash: u64) -> NodeId {
        // Bounded by MAX_NODES.
        let id = self.nodes.len() as NodeId;
        let (mut member, mut member_len) = ([0; SHORT], 0);
        if let Some(short) = member.get_mut(..key.member.len()) {
            short.copy_from_slice(&key.member);
            member_len = short.len() as u8;
        }
        let (after, first) = (ROOT, ROOT);
        self.nodes.push(Node { hash, record: 0, role, column: NO_COLUMN, parent, after, first, member, member_len });
        self.keys.push(key);
        id
    }

    /// The keys from the record's root to this place.
    pub fn keys(&self, mut id: NodeId) -> Vec<String> {
        let mut keys = Vec::new();
        while id != ROOT {
            keys.push(self.keys[id as usize].text.to_string());
            id = self.nodes[id as usize].parent;
        }
        keys.reverse();
        keys
    }

    /// Whether `id` is `above` or lies under it.
    pub fn is_under(&self, mut id: NodeId, above: NodeId) -> bool {
        while id != above && id != ROOT {
            id = self.nodes[id as usize].parent;
        }
        id == above
    }
}
