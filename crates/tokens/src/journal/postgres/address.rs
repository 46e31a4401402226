//! The URL of a PostgreSQL database: read strictly, and never shown.

use sqlx::postgres::PgConnectOptions;

use crate::journal::{JournalCause, JournalError};

/// The parameters that the library knows; it would pass over any other, a misspelt `sslmode` among them.
const PARAMETERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "dbname", "user", "application_name"];

/// The options that a URL stands for. What it does not say comes from `PGPASSWORD`, `~/.pgpass` and their like.
///
/// # Errors
/// When it is not such a URL. The error quotes nothing of it: a URL that is misread may show its password anywhere.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, JournalError> {
    let bad = |reason: &str| JournalError {
        place: "the database URL".to_owned(),
        what: "cannot be opened",
        reason: reason.to_owned(),
        cause: JournalCause::Address,
    };
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return Err(bad("it is not written postgres://NAME:PASSWORD@HOST:PORT/DATABASE"));
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    // What a character in the password that has a meaning in URLs would make of the rest.
    if rest.contains('#') || authority.matches('@').count() > 1 || database.contains('@') || query.contains('@') {
        return Err(bad("a `/`, `?`, `#`, `@` or `:` in the password is written %2F, %3F, %23, %40, %3A"));
    }
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        if !PARAMETERS.contains(&name) {
            return Err(bad(&format!("it has a parameter that is none of {}", PARAMETERS.join(", "))));
        }
    }
    url.parse().map_err(|_| bad("a part of it cannot be read: the port, sslmode, or a %-escape"))
}

/// The host and the database that the options name, for people.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{} (database {database})", socket.display()),
        None => format!("{}:{} (database {database})", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_neither_name_nor_password() {
        let options = parse("postgres://ada:s3cr%40t@db.example.com:6432/team?sslmode=verify-full").unwrap();
        assert_eq!(place(&options), "db.example.com:6432 (database team)");
        let options = parse("postgres://ada@localhost/team?host=/run/postgresql").unwrap();
        assert_eq!(place(&options), "/run/postgresql (database team)");
    }

    #[test]
    fn a_url_that_is_misread_or_misspelt_is_refused_and_not_quoted() {
        for url in [
            "mysql://ada:hunter2@db/team",
            "hunter2",
            "postgres://ada:hun/hunter2@db/team",
            "postgres://ada:12/hunter2@db/team",
            "postgres://ada:12?hunter2@db/team",
            "postgres://ada:12#hunter2@db/team",
            "postgres://ada:h@hunter2@db/team",
            "postgres://ada:hunter2@db:port/team",
            "postgres://ada:hunter2@db/team?sslmod=require",
            "postgres://ada:hunter2@db/team?sslmode=hunter2",
            "postgres://ada:hunter2%@db/team?password=hunter2",
        ] {
            let error = parse(url).expect_err(url);
            assert_eq!(error.cause, JournalCause::Address, "{url}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("ada"), "{shown}");
        }
    }
}
