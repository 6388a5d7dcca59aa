//! What a client of the Kubernetes API can rely on, each behaviour with a literal expectation. The same suite runs against
//! our server and, where `KUBEBUILDER_ASSETS` names a folder with `etcd` and `kube-apiserver`, against the real ones.

#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking and says what it did; literals are passed as they are"
)]

mod apply;
mod cluster;
mod create;
mod definitions;
mod delete;
mod discovery;
mod kinds;
mod patch;
mod read;
mod real;
mod update;
mod watch;

use std::future::Future;
use std::pin::Pin;

use cluster::{Cluster, Space};
use fake_apiserver::Server;
use kube::{Client, Config};
use tokio::net::TcpListener;

/// One behaviour: its name and what shows it.
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Space) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Lists the behaviours of a module.
#[macro_export]
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn all() -> Vec<$crate::Behaviour> {
            vec![$($crate::Behaviour { name: stringify!($name), run: |space| Box::pin($name(space)) }),*]
        }
    };
}

/// The suite must not shrink unnoticed.
const AT_LEAST: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_server_behaves_as_written() {
    let serving = Server::builder().build().unwrap().serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let mut config = Config::new(format!("http://{}", serving.address()).parse().unwrap());
    // Refusals are what is looked at.
    config.default_retry = false;
    check(Cluster::new(Client::try_from(config).unwrap())).await;
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_behaves_as_written() {
    let Some(assets) = real::assets() else { return };
    let running = real::start(assets.as_ref(), &[]).await;
    check(Cluster::new(running.client())).await;
}

/// Runs every behaviour and names all that fail.
async fn check(cluster: Cluster) {
    cluster.define(&cluster::widgets()).await;
    let groups = [
        create::all(),
        read::all(),
        watch::all(),
        update::all(),
        patch::all(),
        apply::all(),
        delete::all(),
        definitions::all(),
        kinds::all(),
        discovery::all(),
    ];
    let behaviours: Vec<Behaviour> = groups.into_iter().flatten().collect();
    assert!(behaviours.len() >= AT_LEAST, "only {} behaviours", behaviours.len());
    let mut failed = Vec::new();
    for behaviour in &behaviours {
        let space = cluster.space(behaviour.name).await;
        if tokio::spawn((behaviour.run)(space)).await.is_err() {
            failed.push(behaviour.name);
        }
    }
    println!("{} behaviours", behaviours.len());
    assert!(failed.is_empty(), "{} of {} behaviours differ: {failed:#?}", failed.len(), behaviours.len());
}
