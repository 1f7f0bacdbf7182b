//! `sslmode` as libpq means it.

use dbtask_runner::DatabaseUrl;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::{Checkout, TestDatabase, finish, shop};

/// A root certificate, and a server's certificate for the name `localhost` that it signed, with its key.
fn certificates() -> (String, String, String) {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "a root of the tests");
    let root_key = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let pem = server.signed_by(&key, &Issuer::new(root, root_key)).unwrap().pem();
    (root_pem, pem, key.serialize_pem())
}

/// Writes a file into the server's data folder, as the server's account and for it alone.
fn install(client: &mut postgres::Client, name: &str, pem: &str) {
    let sql = format!("COPY (SELECT unnest(string_to_array('{pem}', E'\\n'))) TO PROGRAM 'umask 077; cat > {name}'");
    client.batch_execute(&sql).unwrap();
}

#[test]
fn each_sslmode_does_what_libpq_s_does() {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::new();
    shop(&checkout);
    let by_address = database.url();
    let by_name = by_address.replace("@127.0.0.1:", "@localhost:");
    let run = |url: &str| finish(checkout.command(&["db:status"]).env("DATABASE_URL", url));
    let encrypted = |url: &str| -> bool {
        let mut client = DatabaseUrl::parse(url).unwrap().connect().unwrap();
        client
            .query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[])
            .unwrap()
            .get(0)
    };

    assert!(!encrypted(&by_address), "the test's premise: the server has no TLS yet");
    for mode in ["require", "verify-ca", "verify-full"] {
        run(&format!("{by_address}?sslmode={mode}"))
            .exits(1)
            .says("does not speak TLS")
            .says("sslmode=disable");
    }

    let (root, certificate, key) = certificates();
    let (other_root, _, _) = certificates();
    let mut client = database.client();
    install(&mut client, "server.crt", &certificate);
    install(&mut client, "server.key", &key);
    client.batch_execute("ALTER SYSTEM SET ssl = on").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    let on = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        encrypted(&by_address)
    });
    assert!(on, "the server did not switch TLS on");

    checkout.write("root.crt", &root);
    checkout.write("other.crt", &other_root);
    let root = checkout.root().join("root.crt").display().to_string();
    let other = checkout.root().join("other.crt").display().to_string();
    for parameters in [
        "sslmode=prefer".to_owned(),
        "sslmode=require&channel_binding=require".to_owned(),
        format!("sslmode=verify-ca&sslrootcert={root}"),
        format!("sslmode=verify-full&sslrootcert={root}&channel_binding=require"),
    ] {
        assert!(encrypted(&format!("{by_name}?{parameters}")), "{parameters}");
    }
    assert!(!encrypted(&format!("{by_name}?sslmode=disable")));
    // the certificate is for `localhost`, not for the address
    assert!(encrypted(&format!("{by_address}?sslmode=verify-ca&sslrootcert={root}")));
    run(&format!("{by_address}?sslmode=verify-full&sslrootcert={root}"))
        .exits(1)
        .says("is for another host name")
        .says("help:");
    // an unknown root: a given one, the machine's, and `require` with a root at hand
    for parameters in [
        format!("sslmode=verify-full&sslrootcert={other}"),
        format!("sslmode=verify-ca&sslrootcert={other}"),
        format!("sslmode=require&sslrootcert={other}"),
        "sslmode=verify-full&sslrootcert=system".to_owned(),
        "sslmode=verify-full".to_owned(),
    ] {
        run(&format!("{by_name}?{parameters}"))
            .exits(1)
            .says("not signed by a root that is trusted here")
            .says("sslrootcert=FILE");
    }
    // pg_dump is asked for the same
    let url = format!("{by_name}?sslmode=verify-full&sslrootcert={root}");
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", &url)).exits(0);
    let backup = finish(checkout.command(&["db:backup"]).env("DATABASE_URL", &url));
    if backup.text().contains("SSL support is not compiled in") {
        println!("skipped: the pg_dump at hand was built without TLS");
        backup.exits(1).says("apt-get install postgresql-client");
    } else {
        backup.exits(0);
    }
}
