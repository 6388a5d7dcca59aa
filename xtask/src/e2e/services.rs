//! Services, as API servers reach them: they ask this proxy for a host and a port, and are led to whatever listens for them on loopback.
//! In a seed DNS, kube-proxy and network policies do that.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::scene::text;
use super::trouble::Trouble;

/// A proxy. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Services {
    task: JoinHandle<()>,
}

/// No request for a connection is longer.
const LONGEST: usize = 4096;

impl Services {
    /// Leads from `NAME.NAMESPACE:PORT` of a Service, and from the address that its cluster has given it, to its target ports, and from
    /// nowhere else.
    pub(super) fn serve(socket: &Path, service: &Value) -> Result<Self, Trouble> {
        let name = format!("{}.{}", text(service, "/metadata/name"), text(service, "/metadata/namespace"));
        let hosts = [name.as_str(), text(service, "/spec/clusterIP")];
        let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
        let number = |port: &Value, field: &str| port.get(field).and_then(Value::as_u64).unwrap_or_default();
        let known: BTreeMap<String, u16> = ports
            .filter_map(|port| Some((number(port, "port"), u16::try_from(number(port, "targetPort")).ok()?)))
            .flat_map(|(port, target)| hosts.map(|host| (format!("{host}:{port}"), target)))
            .collect();
        // Left by a story before.
        let _ = std::fs::remove_file(socket);
        let listener =
            UnixListener::bind(socket).map_err(Trouble::machine(format!("cannot listen at `{}`", socket.display())))?;
        let known = Arc::new(known);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lead(stream, Arc::clone(&known)));
            }
        });
        Ok(Self { task })
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection. Whoever asks for something else is told, and whatever breaks is for both ends to notice.
async fn lead(mut stream: UnixStream, known: Arc<BTreeMap<String, u16>>) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") && asked.len() < LONGEST {
        match stream.read_u8().await {
            Ok(byte) => asked.push(byte),
            Err(_) => return,
        }
    }
    let asked = String::from_utf8_lossy(&asked);
    let wanted = asked.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let target = match known.get(wanted) {
        Some(port) => TcpStream::connect(("127.0.0.1", *port)).await.ok(),
        None => None,
    };
    let Some(mut target) = target else {
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
        return;
    };
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        let _ = copy_bidirectional(&mut stream, &mut target).await;
    }
}
