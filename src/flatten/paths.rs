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

pub(super) struct Node {
    pub role: Role,
    /// The place's hash, see [`super::hash`].
    pub hash: u64,
    /// The last record in which the key came, to notice a key that comes twice.
    pub record: u64,
    /// The column, once a value came.
    pub column: Option<u32>,
    key: Box<str>,
    /// The key as it is mostly written, see [`json::member`].
    member: Box<[u8]>,
    parent: NodeId,
    /// The sibling that came after this one last time, and the first child of last time.
    after: NodeId,
    first: NodeId,
}

pub(super) struct Paths {
    nodes: Vec<Node>,
    table: HashTable<NodeId>,
    hasher: RandomState,
}

impl Paths {
    /// The tree with the places that every record of this shape can have; `fixed` are the profile's fields with their
    /// role.
    pub fn new(shape: Shape, fixed: impl Iterator<Item = (&'static str, u8)>) -> Self {
        // No parent at all, so that an empty key at the top is not taken for the root itself.
        let parent = NodeId::MAX;
        let root = Node {
            role: Role::Root,
            hash: 0,
            record: 0,
            column: None,
            key: "".into(),
            member: Box::default(),
            parent,
            after: 0,
            first: 0,
        };
        let mut paths = Self { nodes: vec![root], table: HashTable::new(), hasher: RandomState::default() };
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
        // Ids are only ever made by `add`, which makes the node first.
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
        (guess, if node.parent == parent { &node.member } else { &[] })
    }

    /// The child with this key, if it is known; `before` is the key before it in the same object, if any.
    #[inline]
    pub fn find(&mut self, parent: NodeId, before: Option<NodeId>, key: &str) -> Option<NodeId> {
        let nodes = &self.nodes;
        let found = *self.table.find(self.hasher.hash_one((parent, key)), |id| {
            let node = &nodes[*id as usize];
            node.parent == parent && *node.key == *key
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
        // Bounded by MAX_NODES.
        let id = self.nodes.len() as NodeId;
        let hash = hash::path(self.nodes[parent as usize].hash, key);
        self.nodes.push(Node {
            role,
            hash,
            record: 0,
            column: None,
            key: key.into(),
            member: json::member(key),
            parent,
            after: 0,
            first: 0,
        });
        let nodes = &self.nodes;
        let hasher = &self.hasher;
        let hash_of = |id: &NodeId| {
            let node = &nodes[*id as usize];
            hasher.hash_one((node.parent, &*node.key))
        };
        self.table.insert_unique(hash_of(&id), id, hash_of);
        id
    }

    /// The keys from the record's root to this place.
    pub fn keys(&self, mut id: NodeId) -> Vec<String> {
        let mut keys = Vec::new();
        while id != ROOT {
            let node = &self.nodes[id as usize];
            keys.push(node.key.to_string());
            id = node.parent;
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
