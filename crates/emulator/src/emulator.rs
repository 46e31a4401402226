//! The emulator: one state, and what is needed to answer calls on it.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header::SERVER};
use flarekeep_catalogue::{AccountId, TokenId, UserId, ZoneId};
use flarekeep_policy::{Status, UnixSeconds};

use crate::control::clock::Timekeeper;
use crate::control::{self, Control};
use crate::credential::{hash, hex, random};
use crate::edge::{Edge, EdgeOptions};
use crate::edge_limit;
use crate::faults::{self, Face, FaultRules};
use crate::http::{self, ApiError, Call, Outcome};
use crate::lock_out::Failures;
use crate::log::{Seen, Verdict};
use crate::objects::Incoming;
use crate::options::Options;
use crate::products::{audit_logs, custom_hostnames, d1};
use crate::rate_limit::Limiter;
use crate::s3;
use crate::state::State;
use crate::state::store::{self, OpenError, Store};
use crate::world::World;

/// A local Cloudflare. Clones are handles on the same one.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

/// What a caller needs in order to use an emulator. The Global API key is a secret of the emulated world.
#[derive(Clone)]
pub struct Facts {
    /// The first user's first account.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// The account's zones.
    pub zones: Vec<ZoneFact>,
    /// The first user's e-mail address.
    pub email: String,
    /// The first user's Global API key.
    pub global_key: String,
    /// The first user's id.
    pub user_id: UserId,
    /// The tokens that the world's file names.
    pub tokens: Vec<TokenFact>,
}

/// A token that was there before the first call.
#[derive(Clone)]
pub struct TokenFact {
    /// The id.
    pub id: TokenId,
    /// The name.
    pub name: String,
    /// The value, where it was made at random: whoever gave one knows it.
    pub value: Option<String>,
}

/// A zone's id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFact {
    /// The id.
    pub id: ZoneId,
    /// The domain.
    pub name: String,
}

/// The state could not be written; nothing was changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unwritten;

/// What Cloudflare does to a token by itself, which no call of the API does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMark {
    /// Its value was found in public: its status is `revoked (exposed)` from now on, until it is rolled.
    Exposed,
    /// It is one that Cloudflare made and manages, as for Workers Builds: nobody may edit it.
    Managed,
}

/// A write, as a handler does it.
pub(crate) type Write = fn(&Call, &mut State) -> Outcome;

/// Does a write, and notes it.
pub(crate) fn written(write: Write, call: &Call, state: &mut State) -> Outcome {
    noted(call, state, |state| write(call, state))
}

fn noted(call: &Call, state: &mut State, change: impl FnOnce(&mut State) -> Outcome) -> Outcome {
    let zone = call.zone.and_then(|id| state.world.zone(id)).cloned();
    let outcome = change(state);
    audit_logs::note(call, zone.as_ref(), &outcome, state);
    outcome
}

pub(crate) struct Inner {
    /// Read as a whole: a reader takes the pointer and lets go of the lock.
    state: RwLock<Arc<State>>,
    /// Held by the one write that is under way.
    writer: Mutex<()>,
    store: Option<Store>,
    pub(crate) options: Arc<Options>,
    pub(crate) limiter: Limiter,
    pub(crate) graphql_limiter: Limiter,
    pub(crate) edge: edge_limit::Calls,
    pub(crate) failures: Failures,
    /// Who may write to a D1 database now.
    pub(crate) d1_writers: d1::Writers,
    /// Bodies that are on their way to the objects.
    pub(crate) incoming: Incoming,
    pub(crate) control: Control,
    rays: AtomicU64,
}

impl Emulator {
    /// An emulator whose state lives in memory.
    #[must_use]
    pub fn new(world: World, options: Options) -> Self {
        // A world was planted once when it was read; one without seeds has nothing that could fail.
        let plain = (Arc::new(State::new(world.clone())), Vec::new());
        let seeded = seeded(world, &options).unwrap_or(plain);
        Self::with(seeded.0.clone(), seeded, options, None)
    }

    /// An emulator whose state lives in a folder and outlives the process: a change is on disk before it is
    /// acknowledged. `world` is used where the folder holds no state yet.
    ///
    /// # Errors
    /// The folder cannot be used, another emulator uses it, or its file is not of this version.
    pub fn open(folder: impl AsRef<Path>, world: World, options: Options) -> Result<Self, OpenError> {
        let mut fresh = None;
        let (store, state) = Store::open(folder.as_ref(), options.state_key.clone(), || {
            let seeded = seeded(world, &options)?;
            Ok(State::clone(&fresh.insert(seeded).0))
        })?;
        // What a reset goes back to is made anew: values that were made at random are others then, and not told.
        let again = || Ok((seeded(World::clone(&state.origin), &options)?.0, Vec::new()));
        let unplanted = |problem| OpenError::Unreadable { path: folder.as_ref().to_owned(), problem };
        let seeded = fresh.map_or_else(again, Ok).map_err(unplanted)?;
        Ok(Self::with(Arc::new(state), seeded, options, Some(store)))
    }

    /// The service, for tests and for embedding. Without [`axum::extract::ConnectInfo`] the client's address is unknown,
    /// and a token with an IP condition is refused.
    pub fn router(&self) -> Router {
        let inner = self.0.clone();
        Router::new().fallback(move |request: Request| {
            let inner = inner.clone();
            async move {
                let mut response = if control::is_control(request.uri().path()) {
                    control::serve(inner, request).await
                } else {
                    let serve = |request| http::serve(inner.clone(), request);
                    faults::around(&inner, Face::Api, request, serve).await
                };
                response.headers_mut().insert(SERVER, HeaderValue::from_static("flarekeep"));
                response
            }
        })
    }

    /// The service of R2's S3 face, to be served at an address of its own; [`Self::router`] says what holds without
    /// the client's address.
    pub fn s3_router(&self) -> Router {
        let (inner, face) = (self.0.clone(), s3::Face::new(&self.0));
        Router::new().fallback(move |request: Request| {
            let (inner, face) = (inner.clone(), face.clone());
            async move {
                let serve = |request| face.serve(&inner, request);
                faults::around(&inner, Face::S3, request, serve).await
            }
        })
    }

    /// The runtime of its Workers.
    pub(crate) async fn edge(&self, options: EdgeOptions) -> std::io::Result<Edge> {
        Edge::start(self.0.clone(), options).await
    }

    /// What a caller needs in order to use the emulator. Fields stay empty where the world has no user or account.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let state = self.0.state();
        let world = &state.world;
        let user = world.usual_user();
        let account = world.usual_account();
        let zones = world.zones.iter().filter(|zone| account.is_some_and(|account| account.id == zone.account));
        Facts {
            account_id: account.map_or(AccountId::from_u128(0), |account| account.id),
            account_name: account.map(|account| account.name.clone()).unwrap_or_default(),
            zones: zones.map(|zone| ZoneFact { id: zone.id, name: zone.name.clone() }).collect(),
            email: user.map(|user| user.email.clone()).unwrap_or_default(),
            global_key: user.map(|user| user.global_key.clone()).unwrap_or_default(),
            user_id: user.map_or(UserId::from_u128(0), |user| user.id),
            tokens: self.0.control.tokens.clone(),
        }
    }

    /// Marks a token. False where there is no such token, or where the state could not be written.
    pub fn mark_token(&self, id: TokenId, mark: TokenMark) -> bool {
        let at = self.0.now();
        let marked = self.0.alter_now(|state| {
            let mut stored = state.tokens.with_id(id).ok_or_else(ApiError::no_route)?.stored.clone();
            match mark {
                TokenMark::Exposed => stored.status = Status::RevokedExposed,
                TokenMark::Managed => stored.managed = true,
            }
            stored.modified_on = at.0;
            state.tokens.put(stored);
            Ok::<_, ApiError>(())
        });
        marked.is_ok()
    }

    /// The SHA-256, in hexadecimal, of all that is kept, except the audit log, when tokens were used last
    /// and how many calls were made.
    /// A call that leaves it as it was has changed nothing.
    #[must_use]
    pub fn state_hash(&self) -> String {
        let mut state = State::clone(&self.0.state());
        state.audit_logs = audit_logs::Table::default();
        let mut parts = Vec::new();
        let mut take = |text: &[u8]| {
            parts.extend(hash(text));
            Ok(())
        };
        // Rows hold text and numbers, and nothing refuses them here.
        let _ = store::rows(&state, &mut take);
        hex(&hash(&parts))
    }

    /// The handle for servers of other protocols.
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// Back to the beginning: the seeded state, the clock and the faults of the start, and no call counted for the rate
    /// limit. Snapshots stay.
    ///
    /// # Errors
    /// The state could not be written where it is kept; nothing was changed.
    pub async fn reset(&self) -> io::Result<()> {
        control::reset(&self.0).await.map(drop).map_err(|_| io::Error::other("the state could not be written"))
    }

    /// Moves the emulated time on. A time beyond the year 9999 is not reached, and the clock stays as it is.
    pub fn advance(&self, by: Duration) {
        self.0.control.clock.advance(by);
    }

    /// Puts other faults in place of those that there are.
    pub fn set_faults(&self, rules: FaultRules) {
        self.0.control.faults.set(rules);
    }

    fn with(state: Arc<State>, (seeded, tokens): Seeded, options: Options, store: Option<Store>) -> Self {
        Self(Arc::new(Inner {
            state: RwLock::new(state),
            writer: Mutex::new(()),
            store,
            limiter: Limiter::default(),
            graphql_limiter: Limiter::default(),
            edge: edge_limit::Calls::default(),
            failures: Failures::default(),
            d1_writers: d1::Writers::default(),
            incoming: Incoming::default(),
            control: Control::new(&options, &seeded, tokens),
            options: Arc::new(options),
            rays: AtomicU64::new(u64::from_be_bytes(random())),
        }))
    }
}

/// The state before the first call, and the tokens in it.
type Seeded = (Arc<State>, Vec<TokenFact>);

/// A world with all that it is to hold.
fn seeded(world: World, options: &Options) -> Result<Seeded, String> {
    let seeds = world.seeds.clone();
    let mut state = State::new(world);
    let at = UnixSeconds(Timekeeper::new(options.clock.clone(), options.now).now());
    let tokens = seeds.plant(&mut state, at);
    let tokens = tokens.map_err(|error| format!("its world cannot be planted: {:?}", error.errors))?;
    Ok((Arc::new(state), tokens))
}

impl fmt::Debug for TokenFact {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFact").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Facts {
    /// Without the Global API key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Facts");
        shown.field("account_id", &self.account_id).field("account_name", &self.account_name);
        shown.field("zones", &self.zones).field("email", &self.email).field("user_id", &self.user_id);
        shown.field("tokens", &self.tokens);
        shown.finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(store) = &self.store {
            // Only the times of last uses are at stake.
            let _ = store.note_uses(&self.state());
        }
    }
}

impl Inner {
    /// The state as it is now.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account of [`Facts`].
    pub(crate) fn usual_account(&self) -> AccountId {
        self.state().world.usual_account().map_or(AccountId::from_u128(0), |account| account.id)
    }

    /// Forgets the calls that were counted for any limit.
    pub(crate) fn forget_calls(&self) {
        self.limiter.forget();
        self.graphql_limiter.forget();
        self.edge.forget();
        self.failures.forget();
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        UnixSeconds(self.control.clock.now())
    }

    /// Whether anybody wants to know of decisions.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.options.on_decision.is_some() || self.control.decisions.are_kept()
    }

    /// Tells of a decision.
    pub(crate) fn tell(&self, verdict: Verdict, seen: &Seen, status: u16, why: Option<String>) {
        let at = self.now();
        if let Some(tell) = &self.options.on_decision {
            tell(&verdict.entry(seen, status, at, why));
        }
        if self.control.decisions.are_kept() {
            self.control.decisions.push(verdict.kept(seen, status, at));
        }
    }

    /// An id for one answer, in the form of Cloudflare's `cf-ray`.
    pub(crate) fn ray(&self) -> String {
        // The steps of SplitMix64: neighbours look unrelated, and none repeats.
        let mut ray = self.rays.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        ray = (ray ^ (ray >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ray = (ray ^ (ray >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}-LOC", ray ^ (ray >> 31))
    }

    /// As [`Inner::alter`], and notes the change in the audit log as what a call has done.
    pub(crate) async fn alter_for<C>(self: &Arc<Self>, call: &Arc<Call>, change: C) -> Outcome
    where
        C: FnOnce(&mut State) -> Outcome + Send + 'static,
    {
        let call = call.clone();
        self.alter(move |state| noted(&call, state, change)).await
    }

    /// Runs a change. Where the state is on disk it runs on a thread that may block.
    pub(crate) async fn alter<T, E, C>(self: &Arc<Self>, change: C) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        C: FnOnce(&mut State) -> Result<T, E> + Send + 'static,
    {
        if self.store.is_none() {
            return self.alter_now(change);
        }
        let inner = self.clone();
        let changed = tokio::task::spawn_blocking(move || inner.alter_now(change)).await;
        changed.unwrap_or_else(|_| Err(Unwritten.into()))
    }

    fn alter_now<T, E: From<Unwritten>>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        // Outlives the lock: whoever writes next need not wait until the last of the old state is given back.
        let before;
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        before = self.state();
        let mut draft = State::clone(&before);
        let done = change(&mut draft)?;
        custom_hostnames::settle(&before, &mut draft, self.now(), &self.options);
        if let Some(store) = &self.store {
            store.save(&before, &draft).map_err(|_| Unwritten)?;
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(draft);
        Ok(done)
    }
}
