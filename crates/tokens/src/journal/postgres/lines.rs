//! Connections to the database: few, and none that is connected anew behind somebody's back.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::{address, of};

/// How many connections read and write at once, beside one for each lock.
const LINES: usize = 4;
/// How many are kept for later.
const KEPT: usize = 8;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// A connection that was not used for longer is tried before it is used.
const FRESH: Duration = Duration::from_secs(5);

/// What each session is told. A statement is given up after 30 seconds, a wait for a lock broken off after 10, and the
/// server looks after 30 seconds of silence whether the other side is still there, three times in 15 seconds: so a
/// machine that vanishes frees its locks within a minute. What is committed is on the server's disk, however the server
/// is set.
const SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 5; \
     SET tcp_keepalives_count = 3; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// The connections of one journal. Neither Debug nor Display: the options hold the password.
pub(super) struct Lines {
    options: PgConnectOptions,
    place: String,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    free: Arc<Semaphore>,
    /// Locks that are being given back.
    releases: Mutex<Vec<JoinHandle<()>>>,
}

impl Lines {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        let place = address::place(&options);
        let options = options.application_name("flarekeep").disable_statement_logging();
        let free = Arc::new(Semaphore::new(LINES));
        Self { options, place, idle: Mutex::default(), free, releases: Mutex::default() }
    }

    /// The host and the database.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// A connection that goes back when it is dropped.
    pub(super) async fn line(self: &Arc<Self>) -> Result<Line, sqlx::Error> {
        let permit = self.free.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        Ok(Line { connection: Some(self.connection().await?), lines: self.clone(), _permit: permit })
    }

    /// A connection that is the caller's.
    pub(super) async fn connection(&self) -> Result<PgConnection, sqlx::Error> {
        loop {
            let Some((mut connection, since)) = of(&self.idle).pop() else { return self.connect().await };
            if since.elapsed() < FRESH {
                return Ok(connection);
            }
            if let Ok(Ok(())) = tokio::time::timeout(FRESH, connection.ping()).await {
                return Ok(connection);
            }
        }
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connect = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            sqlx::raw_sql(SESSION).execute(&mut connection).await?;
            Ok(connection)
        };
        tokio::time::timeout(CONNECT, connect).await.unwrap_or_else(|_| {
            let reason = format!("no answer for {} seconds", CONNECT.as_secs());
            Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, reason)))
        })
    }

    pub(super) fn give_back(&self, connection: PgConnection) {
        let mut idle = of(&self.idle);
        if idle.len() < KEPT {
            idle.push((connection, Instant::now()));
        }
    }

    /// Gives a lock back behind the caller, where there is a runtime to do it in.
    pub(super) fn release(&self, release: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = Handle::try_current() {
            of(&self.releases).push(runtime.spawn(release));
        }
    }

    /// Waits until what this process has given back is free.
    pub(super) async fn settled(&self) {
        let releases = std::mem::take(&mut *of(&self.releases));
        for release in releases {
            // One that did not end well has closed its connection.
            let _ = tokio::time::timeout(FRESH, release).await;
        }
    }
}

/// A connection that is lent.
pub(super) struct Line {
    connection: Option<PgConnection>,
    lines: Arc<Lines>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Line {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("a line has its connection")
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a line has its connection")
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.lines.give_back(connection);
        }
    }
}
