"""Checks licences, bans and sources of deny.toml over `cargo metadata`, without building cargo-deny.

Exits 1 and names every crate that offends. Licence expressions are read as SPDX (OR, AND, WITH, brackets, and the
old `/` for OR).
"""

import json
import re
import subprocess
import sys
import tomllib


def allowed(expression: str, allow: set[str]) -> bool:
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def either() -> bool:
        nonlocal position
        result = both()
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            result = both() or result
        return result

    def both() -> bool:
        nonlocal position
        result = one()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            result = one() and result
        return result

    def one() -> bool:
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "(":
            result = either()
            position += 1
            return result
        if position < len(tokens) and tokens[position] == "WITH":
            token = f"{token} WITH {tokens[position + 1]}"
            position += 2
        return token in allow

    return either()


def main() -> int:
    with open("deny.toml", "rb") as file:
        deny = tomllib.load(file)
    metadata = json.loads(
        subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked"], check=True, capture_output=True).stdout
    )
    allow = set(deny["licenses"]["allow"])
    banned = {ban["crate"] for ban in deny["bans"]["deny"]}
    registries = {f"registry+{url}" for url in deny["sources"]["allow-registry"]}
    offences = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        licence = package.get("license")
        if not licence or not allowed(licence, allow):
            offences.append(f"{name}: licence {licence}")
        if package["name"] in banned:
            offences.append(f"{name}: banned")
        if package["source"] is not None and package["source"] not in registries:
            offences.append(f"{name}: from {package['source']}")
    for offence in offences:
        print(offence, file=sys.stderr)
    print(f"licences, bans and sources of {len(metadata['packages'])} packages: {len(offences)} offences")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
