//! Servers that never get as far as HTTP.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// How a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens: the connection is refused.
    Refuses,
    /// The connection is reset once the request has begun to arrive.
    Resets,
    /// The connection is closed properly, but without an answer.
    Closes,
    /// The request is taken and never answered.
    NeverAnswers,
    /// What comes is no HTTP.
    SpeaksGarbage,
    /// An HTTP answer in the clear, to a client that says hello in TLS.
    SpeaksGarbageToTls,
    /// A head that promises more body than comes before the connection closes.
    CutsShort,
}

/// A listener that misbehaves in one way. It stops when it is dropped.
#[derive(Debug)]
pub struct BadTransport {
    address: SocketAddr,
    /// Bound but not listening: the port stays ours, and connections to it are refused.
    _socket: Option<TcpSocket>,
    server: Option<AbortHandle>,
}

impl BadTransport {
    /// Starts one on a free port of 127.0.0.1. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(trouble: Trouble) -> io::Result<Self> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        if trouble == Trouble::Refuses {
            let socket = TcpSocket::new_v4()?;
            socket.bind(anywhere)?;
            return Ok(Self { address: socket.local_addr()?, _socket: Some(socket), server: None });
        }
        let listener = TcpListener::bind(anywhere).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(misbehave(stream, trouble));
            }
        });
        Ok(Self { address, _socket: None, server: Some(server.abort_handle()) })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for BadTransport {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn misbehave(mut stream: TcpStream, trouble: Trouble) {
    let mut buffer = [0; 4096];
    let answer: &[u8] = match trouble {
        Trouble::SpeaksGarbage => b"\x00\x01\x02 this is no HTTP\r\n\r\n",
        Trouble::SpeaksGarbageToTls => b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        Trouble::CutsShort => {
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"a\":"
        }
        Trouble::Refuses | Trouble::Resets | Trouble::Closes | Trouble::NeverAnswers => b"",
    };
    // Whatever fails here fails for the client too, which is what this is for.
    let _ = stream.read(&mut buffer).await;
    match trouble {
        Trouble::Resets => {
            // Closing with no time to linger sends RST instead of FIN.
            let _ = stream.set_zero_linger();
        }
        Trouble::NeverAnswers => while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {},
        _ => {
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    }
}
