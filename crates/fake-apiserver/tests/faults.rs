//! Every kind of fault, as a client meets it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Server, User, Verb};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

fn server() -> Server {
    Server::builder().build().unwrap()
}

fn maps(server: &Server) -> Api<ConfigMap> {
    Api::namespaced(Client::new(server.service(), "default"), "default")
}

fn map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"k": "1"}})).unwrap()
}

fn code(error: kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

async fn set(maps: &Api<ConfigMap>, value: &str) {
    let change: Value = json!({"data": {"k": value}});
    maps.patch("m", &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
}

#[tokio::test]
async fn a_status_is_answered_and_nothing_done() {
    let server = server();
    let maps = maps(&server);
    for refused in [403, 404, 409, 410, 429, 500, 503, 504] {
        server.faults().clear();
        server.faults().add(Fault::status(refused).writes());
        assert_eq!(code(maps.create(&PostParams::default(), &map("m")).await.unwrap_err()), refused);
    }
    assert!(maps.get_opt("m").await.unwrap().is_none());
}

#[tokio::test]
async fn a_refusal_says_when_to_come_again() {
    let server = server();
    server.faults().add(Fault::too_many_requests(7));
    let client = Client::new(server.service(), "default");
    let request = http::Request::get("/api/v1/nodes").body(kube::client::Body::empty()).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_for() {
    let server = server();
    server.faults().add(Fault::new(Effect::Latency(Duration::from_secs(90))).verb(Verb::List).times(1));
    let start = Instant::now();
    maps(&server).list(&ListParams::default()).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 90);
}

#[tokio::test]
async fn a_stale_read_shows_what_was() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("m")).await.unwrap();
    set(&maps, "2").await;
    server.faults().add(Fault::new(Effect::StaleRead { revisions: 1 }).times(2));
    assert_eq!(maps.get("m").await.unwrap().data.unwrap()["k"], "1");
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items[0].data.as_ref().unwrap()["k"], "1");
    assert_eq!(maps.get("m").await.unwrap().data.unwrap()["k"], "2");
}

#[tokio::test]
async fn a_stale_read_of_what_is_new_finds_nothing() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("m")).await.unwrap();
    server.faults().add(Fault::new(Effect::StaleRead { revisions: 1 }).name("m").times(1));
    assert!(maps.get_opt("m").await.unwrap().is_none());
}

/// An object that is there, and always was as far as anybody can still read, is not missing.
#[tokio::test]
async fn a_stale_read_goes_back_to_the_oldest_revision_that_is_kept_and_no_further() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("m")).await.unwrap();
    set(&maps, "2").await;
    server.compact();
    set(&maps, "3").await;
    server.faults().add(Fault::new(Effect::StaleRead { revisions: 100 }).times(2));
    assert_eq!(maps.get("m").await.unwrap().data.unwrap()["k"], "2");
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items[0].data.as_ref().unwrap()["k"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lags_shows_everything_later_and_writes_at_once() {
    let (server, lag) = (server(), Duration::from_secs(3));
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("m")).await.unwrap();
    sleep(lag).await;
    server.faults().add(Fault::new(Effect::Lag(lag)));
    let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    events.try_next().await.unwrap().unwrap();

    let written = Instant::now();
    set(&maps, "2").await;
    let value = async || maps.get("m").await.unwrap().data.unwrap()["k"].clone();
    assert_eq!(value().await, "1");
    let Some(WatchEvent::Modified(map)) = events.try_next().await.unwrap() else { panic!() };
    assert_eq!((map.data.unwrap()["k"].as_str(), written.elapsed()), ("2", lag));
    assert_eq!(value().await, "2");
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items[0].data.as_ref().unwrap()["k"], "2");

    maps.delete("m", &DeleteParams::default()).await.unwrap();
    assert!(maps.get_opt("m").await.unwrap().is_some());
    sleep(lag).await;
    assert!(maps.get_opt("m").await.unwrap().is_none());
}

#[tokio::test]
async fn a_watch_breaks_after_some_events() {
    let server = server();
    let maps = maps(&server);
    for name in ["a", "b", "c"] {
        maps.create(&PostParams::default(), &map(name)).await.unwrap();
    }
    server.faults().add(Fault::new(Effect::DroppedWatch { after: 2 }).times(1));
    let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    for name in ["a", "b"] {
        let Some(WatchEvent::Added(map)) = events.try_next().await.unwrap() else { panic!() };
        assert_eq!(map.metadata.name.as_deref(), Some(name));
    }
    events.try_next().await.unwrap_err();
}

/// Over a real socket: the connection breaks, before or after the write.
#[tokio::test]
async fn a_connection_breaks_before_or_after_the_write() {
    let server = server();
    let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let mut config = Config::new(format!("http://{}", serving.address()).parse().unwrap());
    config.default_retry = false;
    let maps: Api<ConfigMap> = Api::namespaced(Client::try_from(config).unwrap(), "default");
    server.faults().add(Fault::new(Effect::ConnectionReset).verb(Verb::Create).name("never"));
    server.faults().add(Fault::new(Effect::LostResponse).verb(Verb::Create).name("done"));
    for name in ["never", "done"] {
        let error = maps.create(&PostParams::default(), &map(name)).await.unwrap_err();
        assert!(!matches!(error, kube::Error::Api(_)), "{error}");
    }
    let names: Vec<_> =
        maps.list(&ListParams::default()).await.unwrap().into_iter().map(|m| m.metadata.name.unwrap()).collect();
    assert_eq!(names, ["done"]);
    serving.stop().await;
}

#[tokio::test]
async fn chance_follows_the_seed() {
    let outcomes = async |seed: u64| {
        let server = Server::builder().seed(seed).build().unwrap();
        server.faults().add(Fault::status(500).probability(0.5));
        let maps = maps(&server);
        let mut failed = Vec::new();
        for _ in 0..32 {
            failed.push(maps.list(&ListParams::default()).await.is_err());
        }
        failed
    };
    assert_eq!(outcomes(7).await, outcomes(7).await);
    assert_ne!(outcomes(7).await, outcomes(8).await);
}

#[tokio::test]
async fn a_token_says_who_asks_and_impersonation_is_seen() {
    let server = Server::builder().token("secret", User::named("gardener")).build().unwrap();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = http::Request::get("/api/v1/nodes");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let client = Client::new(server.service(), "default");
        client.send(request.body(kube::client::Body::empty()).unwrap()).await.unwrap().status().as_u16()
    };
    assert_eq!(send(&[]).await, 401);
    assert_eq!(send(&[("authorization", "Bearer wrong")]).await, 401);
    let known = ("authorization", "Bearer secret");
    assert_eq!(send(&[known]).await, 200);
    assert_eq!(send(&[known, ("impersonate-user", "calico-node"), ("user-agent", "probe/1")]).await, 200);
    let requests = server.requests();
    let seen: Vec<(&str, bool, &str)> =
        requests.iter().map(|r| (r.user.name.as_str(), r.user.impersonated, r.user_agent.as_str())).collect();
    assert_eq!(seen, [("gardener", false, ""), ("calico-node", true, "probe/1")]);
}
