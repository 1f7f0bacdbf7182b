//! What the SQL policy is worth, measured: incidents that hurt somebody, and files that nobody has to change.

mod corpus;
mod lints;
mod rewrites;
mod variants;

use postgres::Client;

use self::corpus::{apply, histories, incidents};
use crate::support::TestDatabase;
use crate::support::server::Server;

/// A story is only worth something if PostgreSQL does with the file what is told.
#[test]
fn every_incident_does_to_a_server_what_its_head_says() {
    let major = Server::get().installation.major;
    let database = TestDatabase::new();
    let mut client = database.client();
    let mut wrong = Vec::new();
    for incident in incidents() {
        let outcome = &incident.outcome;
        if outcome.fails.is_none() && major < outcome.from {
            continue;
        }
        clear(&mut client);
        client.batch_execute(&incident.before).unwrap();
        let mut run = || {
            let code = |error: postgres::Error| error.code().map(|code| code.code().to_owned());
            apply(&mut client, &incident.migration).map_err(code)
        };
        let expected = match &outcome.fails {
            Some(code) if major >= outcome.from => Err(Some(code.clone())),
            _ => Ok(()),
        };
        if outcome.again {
            run().unwrap();
        }
        let seen = run();
        if seen != expected {
            wrong.push(format!("{}: {seen:?} instead of {expected:?}", incident.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What makes a file good: it can run twice, where it stands in its history.
#[test]
fn every_good_file_runs_twice() {
    let major = Server::get().installation.major;
    let database = TestDatabase::new();
    let mut client = database.client();
    let mut wrong = Vec::new();
    for history in histories().iter().filter(|history| major >= history.from) {
        clear(&mut client);
        for (name, sql) in &history.files {
            for time in ["first", "second"] {
                if let Err(error) = apply(&mut client, sql) {
                    wrong.push(format!("{}/{name}, the {time} time: {error:?}", history.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes a database as empty as a new one: that is sooner done than a new one is made.
fn clear(client: &mut Client) {
    let schemas = "SELECT quote_ident(nspname) FROM pg_namespace \
                   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";
    for row in client.query(schemas, &[]).unwrap() {
        let schema: String = row.get(0);
        client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
    }
    client.batch_execute("CREATE SCHEMA public").unwrap();
}

#[test]
fn the_corpus_is_as_large_as_the_figures_need() {
    let incidents = incidents();
    let visible = incidents.iter().filter(|incident| !incident.expect.is_empty()).count();
    assert!(
        incidents.len() >= 60 && visible >= 50,
        "{visible} of {}",
        incidents.len()
    );
    assert!(
        incidents
            .iter()
            .all(|incident| incident.target.is_none_or(|target| target >= 14))
    );
    let files: usize = histories().iter().map(|history| history.files.len()).sum();
    assert!(files >= 200, "{files}");
}
