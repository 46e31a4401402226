//! Where the work is done: what the command line names, and the zones that sources speak of by name.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_cloudflare::Client;
use flarekeep_planner::Target;
use flarekeep_planner::source::ZoneName;

use super::Work;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;
use crate::place::{self, Wanted};
use crate::plan_file::Stated;

impl Work {
    /// The place, with every name looked up.
    pub(crate) async fn find_places(
        &mut self,
        context: &Context,
        client: &Client,
        wanted: Wanted,
    ) -> Result<Target, CommandError> {
        let mut target = place::find(context, client, wanted).await?;
        self.take_stated_account(&mut target);
        self.tell_other_id(context, &target);
        self.learn_given_zone(context, &target);
        for zone in self.open_zones() {
            if self.zones.find(&zone).is_some() {
                continue;
            }
            let (id, owner) = place::zone_named(client, &zone).await?;
            self.learn(&zone, id, owner);
        }
        self.ask_for_closer_zones(client).await?;
        Ok(target)
    }

    /// The place without asking anybody: what a source knows of a zone is taken, and others are stood in for.
    pub(crate) fn imagine_places(&mut self, context: &Context, mut target: Target) -> Target {
        let named = place::given_zone(context).map(|text| ZoneName::Name(text.to_ascii_lowercase()));
        if let Some(zone) = named.and_then(|name| self.zones.find(&name)) {
            target.zone = Some(zone);
            if place::given_account(context).is_none()
                && let Some(owner) = self.zones.owner(zone)
            {
                target.account = Some(owner);
            }
        }
        self.take_stated_account(&mut target);
        self.tell_other_id(context, &target);
        self.learn_given_zone(context, &target);
        self.tell_taken_zones(context);
        for zone in self.open_zones() {
            if let ZoneName::Name(name) | ZoneName::Host(name) = &zone
                && self.zones.find(&zone).is_none()
            {
                self.learn(&zone, place::stand_in_for(name), target.account);
            }
        }
        target
    }

    /// Whether the sources speak of zones of which nobody knows the id so far.
    pub(crate) fn names_zones(&self, context: &Context, target: &Target) -> bool {
        let mut work = self.clone();
        work.learn_given_zone(context, target);
        !work.open_zones().is_empty()
    }

    fn open_zones(&self) -> Vec<ZoneName> {
        let mut open: Vec<_> = self.sources.iter().flat_map(|source| source.reading.open_zones(&self.zones)).collect();
        let stated = self.file.iter().flat_map(Stated::named_zones);
        open.extend(stated.filter(|zone| self.zones.find(zone).is_none()));
        // A zone's own name goes before the hosts in it: then they need no question of their own.
        open.sort();
        open.dedup();
        open
    }

    /// The account that a plan file is about is the one of the work.
    fn take_stated_account(&self, target: &mut Target) {
        if let Some(account) = self.file.as_ref().and_then(Stated::account) {
            target.account = Some(account);
        }
    }

    fn learn(&mut self, zone: &ZoneName, id: ZoneId, owner: Option<AccountId>) {
        match zone {
            ZoneName::Name(name) => self.zones.add(name, id, owner),
            ZoneName::Host(host) => {
                self.zones.add_host(host, id);
                self.zones.add("", id, owner);
            }
            ZoneName::Id(_) | ZoneName::Every => {}
        }
    }

    /// The zone that the command line names is known by that name.
    fn learn_given_zone(&mut self, context: &Context, target: &Target) {
        if let (Some(text), Some(zone)) = (place::given_zone(context), target.zone) {
            let name = if text.parse::<ZoneId>().is_ok() { "" } else { text };
            self.zones.set(name, zone, target.account);
        }
    }

    /// Says that a source has another id for the zone that the command line names: what it calls by that id stays there.
    fn tell_other_id(&self, context: &Context, target: &Target) {
        let Some((text, zone)) = place::given_zone(context).zip(target.zone) else { return };
        let known = self.zones.find(&ZoneName::Name(text.to_ascii_lowercase()));
        if let Some(known) = known.filter(|known| *known != zone) {
            context.output.warn(format!(
                "a source has {known} for the zone `{}`, which is {zone}: what it calls by the old id is planned there",
                plain(text)
            ));
        }
    }

    /// A host is in the zone with the longest name, and one with a longer name than those that are known can be there.
    async fn ask_for_closer_zones(&mut self, client: &Client) -> Result<(), CommandError> {
        let mut asked = BTreeSet::new();
        for host in self.hosts() {
            for name in self.zones.names_to_ask(&host) {
                if self.zones.find(&ZoneName::Name(name.clone())).is_some() {
                    break;
                }
                if !asked.insert(name.clone()) {
                    continue;
                }
                if let Some((id, owner)) = place::zone_if_there(client, &name).await? {
                    self.zones.set(&name, id, owner);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Says which hosts are taken to be in a zone because no closer one is known.
    fn tell_taken_zones(&self, context: &Context) {
        let mut hosts = self.hosts();
        hosts.retain(|host| self.zones.find(host).is_some() && !self.zones.names_to_ask(host).is_empty());
        if let Some(ZoneName::Host(first)) = hosts.first() {
            let more = match hosts.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            context.output.note(format!(
                "the zone of `{}`{more} is taken to be the one with the longest name that is known: --zone or a source names it",
                plain(first)
            ));
        }
    }

    fn hosts(&self) -> Vec<ZoneName> {
        let mut hosts: Vec<_> = self.sources.iter().flat_map(|source| source.reading.hosts()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}
