//! Values that all workers of an Envoy agree on, one shared-data key each: who holds the lease, settings changed at
//! run time, the supergraph on offer, and for each subgraph its breakers, slots and health.
//!
//! Shared data outlives configurations and code, so each value begins with its format, and names the configuration that it
//! belongs to; another's is not read (DESIGN §5).

use serde_json::{Map, Value};
use weir_cache::{Ask, Reply};

use super::Gateway;
use super::traffic::TrafficCell;
use crate::event::Timestamp;

/// What is asked of which value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Who holds the lease.
    ReadLease,
    /// It was taken or prolonged; the next look tells.
    WroteLease,
    /// Settings changed at run time.
    ReadSettings,
    /// The same, for an operator who changes them.
    ChangeSettings,
    /// An operator's changes with those before them.
    WroteSettings(Map<String, Value>),
    /// Which supergraph is on offer.
    ReadOffer,
    /// The offered supergraph itself.
    ReadSdl,
    /// The supergraph was put there, to be offered next.
    WroteSdl,
    /// It was offered, or the others were told to go over to it.
    WroteOffer,
    /// Until when some worker still makes plans for it.
    ReadWarming,
    /// This one does.
    WroteWarming,
    /// What the workers agree on about a subgraph.
    Traffic(Box<TrafficCell>),
}

impl Cell {
    const fn key(&self) -> &'static str {
        match self {
            Cell::ReadLease | Cell::WroteLease => "weir.lease",
            Cell::ReadSettings | Cell::ChangeSettings | Cell::WroteSettings(_) => "weir.settings",
            Cell::ReadOffer | Cell::WroteOffer => "weir.supergraph.offer",
            Cell::ReadWarming | Cell::WroteWarming => "weir.supergraph.warming",
            Cell::ReadSdl | Cell::WroteSdl => "weir.supergraph.sdl",
            // Each subgraph has its own: `Gateway::edit`.
            Cell::Traffic(_) => "weir.traffic",
        }
    }
}

impl Gateway {
    /// Reads a value.
    pub(super) fn read_cell(&mut self, cell: Cell) {
        let key = cell.key().to_owned();
        self.ask_cell(cell, Ask::Get { key });
    }

    /// Writes a value, if nobody has changed it since it had the number `cas`.
    pub(super) fn write_cell(&mut self, cell: Cell, value: Vec<u8>, cas: Option<u32>) {
        let key = cell.key().to_owned();
        self.ask_cell(cell, Ask::Set { key, value, cas });
    }

    /// The host has answered.
    pub(super) fn cell_answered(&mut self, now: Timestamp, cell: Cell, reply: Reply) {
        match (cell, reply) {
            (Cell::ReadLease, Reply::Got { value, cas }) => self.lease_read(now, value.as_deref(), cas),
            (Cell::ReadSettings, Reply::Got { value, cas }) => self.settings_read(now, value.as_deref(), cas),
            (Cell::ReadOffer, Reply::Got { value, cas }) => self.offer_read(now, value.as_deref(), cas),
            (Cell::ReadSdl, Reply::Got { value, .. }) => self.sdl_read(now, value),
            (Cell::ChangeSettings, Reply::Got { value, cas }) => {
                self.settings_to_change(value.as_deref(), cas)
            }
            (Cell::WroteSettings(all), Reply::Set(result)) => self.settings_written(all, result.is_ok()),
            (Cell::WroteOffer, Reply::Set(result)) => self.offer_written(result.is_ok()),
            (Cell::ReadWarming, Reply::Got { value, .. }) => self.warming_read(now, value.as_deref()),
            (Cell::WroteSdl, Reply::Set(result)) => self.sdl_written(result.is_ok()),
            (Cell::Traffic(cell), reply) => self.traffic_answered(now, cell, reply),
            _ => {}
        }
    }
}
