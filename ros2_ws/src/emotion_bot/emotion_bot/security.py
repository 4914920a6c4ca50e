"""What each node may do, in the words of SROS2 policy files (`config/security`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final
from xml.etree import ElementTree

from rclpy.node import Node

ENCLAVE_ROOT: Final = "/emotion_bot"
"""Enclaves of all nodes are below."""

POLICY_SUFFIX: Final = ".policy.xml"
POLICY_VERSION: Final = "0.2.0"

_ABSOLUTE: Final = frozenset({"/diagnostics", "/parameter_events", "/rosout", "/clock"})
"""Names that a namespace does not move."""

_ELEMENTS: Final = {
    "publish": ("topics", "topic"),
    "subscribe": ("topics", "topic"),
    "reply": ("services", "service"),
    "request": ("services", "service"),
}


@dataclass(frozen=True)
class Profile:
    """Names of topics and services; absolute, or relative to the namespace.

    Attributes:
        publish: topics it sends on.
        subscribe: topics it reads.
        reply: services it offers.
        request: services it calls.
    """

    publish: frozenset[str] = frozenset()
    subscribe: frozenset[str] = frozenset()
    reply: frozenset[str] = frozenset()
    request: frozenset[str] = frozenset()

    def __or__(self, other: Profile) -> Profile:
        """Return what either permits."""
        return Profile(
            **{f.name: getattr(self, f.name) | getattr(other, f.name) for f in fields(self)}
        )

    def __sub__(self, other: Profile) -> Profile:
        """Return what this permits and the other does not."""
        return Profile(
            **{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)}
        )

    def __bool__(self) -> bool:
        """Whether it permits anything."""
        return any(getattr(self, f.name) for f in fields(self))


def enclave(node: str) -> str:
    """Return the enclave of a node, for `--ros-args --enclave`."""
    return f"{ENCLAVE_ROOT}/{node}"


def observed_profile(observer: Node, node: str) -> Profile:
    """Return what a running node of the root namespace has at present.

    Args:
        observer: that has discovered it.
        node: its name.
    """

    def named(pairs: Sequence[tuple[str, Sequence[str]]]) -> frozenset[str]:
        return frozenset(_relative(name, node) for name, _types in pairs)

    return Profile(
        publish=named(observer.get_publisher_names_and_types_by_node(node, "/")),
        subscribe=named(observer.get_subscriber_names_and_types_by_node(node, "/")),
        reply=named(observer.get_service_names_and_types_by_node(node, "/")),
        request=named(observer.get_client_names_and_types_by_node(node, "/")),
    )


def policy_text(node: str, profile: Profile) -> str:
    """Return the policy file of a node in the root namespace."""
    policy = ElementTree.Element("policy", version=POLICY_VERSION)
    place = ElementTree.SubElement(
        ElementTree.SubElement(policy, "enclaves"), "enclave", path=enclave(node)
    )
    permitted = ElementTree.SubElement(
        ElementTree.SubElement(place, "profiles"), "profile", ns="/", node=node
    )
    for right, (group, element) in _ELEMENTS.items():
        if names := getattr(profile, right):
            list_ = ElementTree.SubElement(permitted, group, {right: "ALLOW"})
            for name in sorted(names):
                ElementTree.SubElement(list_, element).text = name
    ElementTree.indent(policy)
    return ElementTree.tostring(policy, encoding="unicode", xml_declaration=True) + "\n"


def read_policy(text: str) -> dict[str, Profile]:
    """Return the profiles of a policy file by node.

    Raises:
        ValueError: if it is no policy file, or denies something.
    """
    try:
        policy = ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ValueError(f"no policy file: {error}") from error
    profiles = {}
    for element in policy.iter("profile"):
        profiles[element.get("node", "")] = Profile(
            **{right: _permitted(element, right) for right in _ELEMENTS}
        )
    return profiles


def _permitted(profile: ElementTree.Element, right: str) -> frozenset[str]:
    group, element = _ELEMENTS[right]
    lists = [found for found in profile.iter(group) if found.get(right) is not None]
    if any(found.get(right) != "ALLOW" for found in lists):
        raise ValueError(f"{profile.get('node')}: only what is allowed can be told")
    return frozenset(_texts(name for found in lists for name in found.iter(element)))


def _texts(elements: Iterable[ElementTree.Element]) -> Iterable[str]:
    return ((element.text or "").strip() for element in elements)


def _relative(name: str, node: str) -> str:
    if name in _ABSOLUTE:
        return name
    own = f"/{node}/"
    return f"~/{name.removeprefix(own)}" if name.startswith(own) else name.removeprefix("/")
