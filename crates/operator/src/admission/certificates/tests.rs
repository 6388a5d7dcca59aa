//! Rotation, over months of a clock that the tests turn.

use std::collections::BTreeSet;

use super::*;
use crate::admission::tls;

const START: Timestamp = Timestamp(1_800_000_000);
const DAY: i64 = 86_400;

fn hosts() -> Vec<String> {
    vec!["admission.garden.svc".to_owned()]
}

fn first() -> Certificates {
    Certificates::new(&hosts(), &[], START).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds)
}

#[test]
fn nothing_is_renewed_before_its_time() {
    let first = first();
    for seconds in [0, 60, DAY, 20 * DAY - 1] {
        assert!(first.renew(&hosts(), &[], after(seconds)).unwrap() == first, "{seconds}");
    }
}

#[test]
fn the_next_authority_is_registered_before_it_signs_and_the_last_one_for_a_day_after() {
    let first = first();
    let ca = first.authority.certificate.clone();
    let mut second = first.renew(&hosts(), &[], after(20 * DAY)).unwrap();
    assert!(second.server == first.server && second.bundle().starts_with(&ca));
    assert_eq!(tls::split(&second.bundle()).len(), 2);

    // Whatever goes wrong with the registration, nobody gets ahead of it.
    assert!(second.renew(&hosts(), &[], after(25 * DAY)).unwrap() == second);
    second.registered(after(25 * DAY));
    second.registered(after(25 * DAY + 300));
    assert!(second.renew(&hosts(), &[], after(25 * DAY + 599)).unwrap() == second);
    let third = second.renew(&hosts(), &[], after(25 * DAY + 600)).unwrap();
    assert_ne!(third.authority.certificate, ca);
    assert!(third.server != first.server && third.trusts(&ca));
    tls::verify(&second.bundle(), &third.server.certificate, &hosts()[0], after(25 * DAY + 600)).unwrap();
    tls::verify(&third.bundle(), &first.server.certificate, &hosts()[0], after(25 * DAY + 600)).unwrap();

    assert!(third.renew(&hosts(), &[], after(26 * DAY + 599)).unwrap().trusts(&ca));
    let fourth = third.renew(&hosts(), &[], after(26 * DAY + 600)).unwrap();
    assert!(!fourth.trusts(&ca));
    assert_eq!(fourth.bundle(), third.authority.certificate);
}

/// What is served may be as old as a replica's last look, what an API server trusts as old as its last news.
#[test]
fn in_a_hundred_days_nothing_is_served_that_somebody_does_not_trust() {
    const LAG: i64 = 300;
    const STEP: i64 = 300;
    let mut kept = first();
    let mut served = vec![(START.0, kept.server.certificate.clone())];
    let mut trusted = vec![(START.0, kept.bundle())];
    let mut checked = 0;
    let mut seconds = 0;
    while seconds < 100 * DAY {
        let now = after(seconds);
        let (_, registered) = trusted.last().unwrap();
        let renewed = kept.renew(&hosts(), &tls::split(registered), now).unwrap();
        let changed = renewed != kept;
        kept = renewed;
        // Every second day nobody can register anything.
        if seconds / DAY % 2 == 0 {
            if trusted.last().is_none_or(|(_, bundle)| *bundle != kept.bundle()) {
                trusted.push((now.0, kept.bundle()));
            }
            kept.registered(now);
        }
        if changed {
            served.push((now.0, kept.server.certificate.clone()));
            // The last of those before the lag is still in use somewhere.
            let in_use = |history: &[(i64, String)]| {
                let first = history.iter().rposition(|(since, _)| *since <= now.0 - LAG).unwrap_or(0);
                history[first..].iter().map(|(_, text)| text.clone()).collect::<BTreeSet<_>>()
            };
            for certificate in in_use(&served) {
                for bundle in in_use(&trusted) {
                    tls::verify(&bundle, &certificate, &hosts()[0], now).unwrap();
                    checked += 1;
                }
            }
        }
        seconds += STEP;
    }
    let certificates: BTreeSet<_> = served.iter().map(|(_, certificate)| certificate).collect();
    assert_eq!(certificates.len(), 5, "one every 20 days and a bit");
    assert!(checked > 10, "{checked}");
}

#[test]
fn who_slept_for_months_wakes_up_with_a_certificate_that_works() {
    let first = first();
    let now = after(90 * DAY);
    let woken = first.renew(&hosts(), &[], now).unwrap();
    tls::verify(&woken.bundle(), &woken.server.certificate, &hosts()[0], now).unwrap();
    assert!(tls::verify(&first.bundle(), &first.server.certificate, &hosts()[0], now).is_err());
}

#[test]
fn other_hosts_get_a_new_certificate_of_the_same_authority() {
    let first = first();
    let hosts = vec!["192.0.2.7".to_owned()];
    let moved = first.renew(&hosts, &[], after(60)).unwrap();
    assert!(moved.authority == first.authority && moved.bundle() == first.bundle());
    tls::verify(&first.bundle(), &moved.server.certificate, "192.0.2.7", after(60)).unwrap();
}

#[test]
fn authorities_of_others_stay_registered_for_a_month() {
    let foreign = [Authority::new("ca-admission-calico-webhook", START).unwrap().certificate];
    let adopted = Certificates::new(&hosts(), &foreign, START).unwrap();
    assert!(adopted.trusts(&foreign[0]) && !adopted.bundle().starts_with(&foreign[0]));
    assert!(adopted.renew(&hosts(), &foreign, after(10 * DAY)).unwrap() == adopted, "it is known");
    // It counts from when it was seen first.
    let later = adopted.renew(&hosts(), &foreign, after(20 * DAY)).unwrap();
    assert!(later.trusts(&foreign[0]));
    assert!(!later.renew(&hosts(), &[], after(30 * DAY)).unwrap().trusts(&foreign[0]));
}

#[test]
fn what_is_kept_reads_back() {
    let mut certificates = Certificates::new(&hosts(), &[first().authority.certificate], START).unwrap();
    certificates = certificates.renew(&hosts(), &[], after(20 * DAY)).unwrap();
    certificates.registered(after(20 * DAY));
    let entries = certificates.entries();
    let names: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["bundle.crt", "ca.crt", "ca.key", "next-ca.crt", "next-ca.key", "state.json", "tls.crt", "tls.key"]
    );
    assert!(Certificates::from_entries(&entries) == Ok(certificates));

    for name in names.iter().filter(|name| **name != "bundle.crt") {
        let mut damaged = entries.clone();
        damaged.remove(*name);
        assert_eq!(Certificates::from_entries(&damaged).err().unwrap().to_string(), format!("`{name}` is missing"));
        damaged.insert((*name).to_owned(), vec![0xff]);
        assert_eq!(Certificates::from_entries(&damaged).err().unwrap().to_string(), format!("`{name}` cannot be read"));
    }
}

#[test]
fn a_host_that_is_none_is_named() {
    let error = Certificates::new(&["héllo".to_owned()], &[], START).err().unwrap();
    assert_eq!(error.to_string(), "issue a certificate for `héllo`");
}
