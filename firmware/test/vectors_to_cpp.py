"""Write vectors.json as C++ initialisers: python3 vectors_to_cpp.py vectors.json vectors.inc."""

import json
import sys
from pathlib import Path


def c_string(text: str) -> str:
    """Return a C string literal."""
    return json.dumps(text, ensure_ascii=False)


def main(source: str, target: str) -> None:
    """Write the file ``target`` from the golden frames in ``source``."""
    vectors = json.loads(Path(source).read_text(encoding="utf-8"))
    lines = ["static const GoldenFrame kFrames[] = {"]
    lines += [
        f"  {{{c_string(entry['name'])}, {entry['type']}, {entry['sequence']}, "
        f"{c_string(entry['payload'])}, {c_string(entry['frame'])}}},"
        for entry in vectors["frames"]
    ]
    lines += ["};", "static const GoldenStream kStreams[] = {"]
    lines += [
        f"  {{{c_string(entry['name'])}, {c_string(entry['stream'])}, "
        f"{entry['frames']}, {entry['rejected']}}},"
        for entry in vectors["streams"]
    ]
    lines += ["};", f"static const int kMajor = {vectors['protocol'][0]};"]
    lines += [f"static const int kMinor = {vectors['protocol'][1]};", ""]
    Path(target).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
