"""A SIP dialog: the tags, numbers and routes that both ends of a call put into every request (RFC 3261, 12)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ari_app.rehearsal.sip_message import Request, Response, format_address, new_branch, parse_address
from ari_app.rehearsal.transactions import Peer


@dataclass(slots=True)
class Dialog:
    call_id: str
    local: str  # our From (or To) header, tag included
    remote: str  # theirs; without tag until the first response
    target: str  # request URI of the next request
    contact: str
    peer: Peer
    routes: list[str] = field(default_factory=list)
    cseq: int = 1

    @classmethod
    def from_invite(cls, request: Request, peer: Peer, contact: str, tag: str) -> Dialog:
        """The dialog of an incoming INVITE, seen from the called side."""
        to = parse_address(request.get("To"))
        target = parse_address(request.get("Contact")).uri or parse_address(request.get("From")).uri
        return cls(
            call_id=request.call_id,
            local=format_address(to.name, to.uri, tag),
            remote=request.get("From"),
            target=target,
            contact=contact,
            peer=peer,
            routes=request.get_all("Record-Route"),
        )

    def confirm(self, response: Response) -> None:
        """Takes the other side's tag, contact and route from a 1xx or 2xx to our INVITE."""
        self.remote = response.get("To")
        self.target = parse_address(response.get("Contact")).uri or self.target
        self.routes = list(reversed(response.get_all("Record-Route")))

    def request(
        self,
        method: str,
        *,
        local_address: Peer,
        cseq: int | None = None,
        branch: str = "",
        extra: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Request:
        """The next request of this dialog. ACK and CANCEL give the number of the INVITE they belong to."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        host, port = local_address
        headers = (
            ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch={branch or new_branch()}"),
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            *(("Route", route) for route in self.routes),
            *((("Contact", f"<{self.contact}>"),) if method not in ("ACK", "BYE", "CANCEL") else ()),
            ("User-Agent", "ari-app rehearsal"),
            *extra,
        )
        return Request(headers, body, method, self.target)


def acknowledge_failure(invite: Request, response: Response) -> Request:
    """The ACK to a 3xx–6xx: hop by hop, with the INVITE's own Via."""
    kept = tuple((name, invite.get(name)) for name in ("Via", "Max-Forwards", "From", "Call-ID"))
    number = invite.cseq[0]
    routes = tuple(("Route", route) for route in invite.get_all("Route"))
    return Request((*kept, ("To", response.get("To")), ("CSeq", f"{number} ACK"), *routes), b"", "ACK", invite.uri)


def cancel_of(invite: Request) -> Request:
    """The CANCEL of an INVITE that has had a provisional answer: same branch, same number."""
    kept = tuple((name, invite.get(name)) for name in ("Via", "Max-Forwards", "From", "To", "Call-ID"))
    routes = tuple(("Route", route) for route in invite.get_all("Route"))
    return Request((*kept, ("CSeq", f"{invite.cseq[0]} CANCEL"), *routes), b"", "CANCEL", invite.uri)
