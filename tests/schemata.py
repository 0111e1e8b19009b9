#!/usr/bin/env python3
"""Many bugs in one build: each function holds all its changed bodies, and the environment says which one runs.

usage: schemata.py PROJECT COPY RESULTS mutants [NAME ...] | survivors | planted [NUMBER ...] | table

Called by `tests/mutants schemata`, which makes COPY: for `mutants` the crates that it cuts the project into, else the whole
project. Changes are what cargo mutants lists for src/policy and the journal's guards (NAME: those of one file), those of
them that were missed, and the patches of tests/planted. What does not compile is found by cargo check and dropped. A table
tries nothing, and shows what was found of the mutants.
RESULTS is a folder: what was caught before is not tried again.
Status: 0 all were caught, 1 some were not, 2 something is wrong.
"""

import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading

VARIABLE = "PIXI_PAYD_MUTANT"
GUARDS = ["guards", "intend"]
MODULE = f"""
/// Which change runs: 0 is none.
pub mod mutant {{
    static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    /// The number of the change.
    pub fn on() -> usize {{
        *ON.get_or_init(|| std::env::var("{VARIABLE}").ok().and_then(|text| text.parse().ok()).unwrap_or(0))
    }}
}}
"""
# Tests that take this many seconds of the processor, and five times what they take without a change, do not end.
PATIENCE = 5
TOKEN = re.compile(
    r"""(?P<quiet>//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\(?:u\{[^}]*\}|.)|[^'\\\n])')"""
    r"""|'?\w+|[{}()\[\];]""",
    re.S,
)
CONST = re.compile(r"\bconst\s+(?:(?:async|unsafe|extern)\s+)*$")
IMPL = re.compile(r"->\s*impl\s+(.*?)\s*(?:where\b.*)?$", re.S)


def stop(what):
    print(what, file=sys.stderr)
    sys.exit(2)


@dataclasses.dataclass(frozen=True)
class Function:
    """Offsets in a file: of `fn`, of the brace that opens its body, and past the one that closes it."""

    start: int
    opens: int
    ends: int
    is_const: bool


@dataclasses.dataclass
class Change:
    """A bug: bodies that replace those of functions, by the file and the function's place among the file's functions."""

    number: int
    name: str
    group: str
    part: str
    stages: list
    bodies: dict
    verdict: str = ""


def functions(text):
    """The outermost functions of a source."""
    tokens = [token for token in TOKEN.finditer(text) if not token["quiet"]]
    found, at = [], 0
    while at < len(tokens) - 1:
        if tokens[at][0] != "fn" or not re.fullmatch(r"[^\W\d]\w*", tokens[at + 1][0]):
            at += 1
            continue
        start, depth, at = tokens[at].start(), 0, at + 1
        while depth or tokens[at][0] not in "{;":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[at][0], 0)
            at += 1
        if tokens[at][0] == ";":
            continue
        opens, depth = tokens[at].start(), 1
        while depth:
            at += 1
            depth += {"{": 1, "}": -1}.get(tokens[at][0], 0)
        found.append(Function(start, opens, tokens[at].end(), bool(CONST.search(text[:start]))))
    return found


class Project:
    """The sources as they are."""

    def __init__(self, root):
        self.root = root
        self.texts, self.parsed = {}, {}

    def text(self, file):
        if file not in self.texts:
            self.texts[file] = (self.root / file).read_text()
        return self.texts[file]

    def functions(self, file):
        if file not in self.parsed:
            self.parsed[file] = functions(self.text(file))
        return self.parsed[file]

    def offset(self, file, place):
        """Where a line and a column are, both from one."""
        at = 0
        for _ in range(place["line"] - 1):
            at = self.text(file).index("\n", at) + 1
        return at + place["column"] - 1


def module_of(file):
    return file.split("/")[1].removesuffix(".rs")


def own_tests(file):
    """What to ask the tests of a file's own module: those named like it, those of single cases, then made-up lives. What
    the store's tests prove is proven on SQLite here, in a tenth of the time."""
    module, name = module_of(file), pathlib.Path(file).stem
    return [
        ([f"{module}::tests::{name}::"], ["on_postgres"]),
        ([f"{module}::"], ["::properties::", "on_postgres"]),
        ([f"{module}::tests::properties::"], []),
    ]


def mutants(project, names):
    """What cargo mutants would change."""
    chosen = [f"--file=src/journal/{name}.rs" if name in GUARDS else f"--file=src/policy/{name}.rs" for name in names]
    chosen = chosen or ["--file=src/policy/**", *[f"--file=src/journal/{name}.rs" for name in GUARDS]]
    listed = subprocess.run(
        ["cargo", "mutants", "--list", "--json", *chosen], cwd=project.root, check=True, capture_output=True, text=True
    )
    for number, entry in enumerate(json.loads(listed.stdout), 1):
        file, text = entry["file"], project.text(entry["file"])
        start, end = (project.offset(file, entry["span"][side]) for side in ("start", "end"))
        change = Change(number, entry["name"], file, module_of(file), own_tests(file), {})
        for place, function in enumerate(project.functions(file)):
            if function.opens < start and end <= function.ends and not function.is_const:
                body = text[function.opens : start] + entry["replacement"] + text[end : function.ends]
                change.bodies[file, place] = body
        if not change.bodies:
            change.verdict = "not tried"
        yield change


def survivors(project, known):
    """The mutants that were missed, for the tests of the sandbox."""
    for change in mutants(project, []):
        if known.get(change.name) == "missed":
            change.part, change.stages = "", [(["sandbox::tests::"], [])]
            yield change


def planted(project, numbers, scratch):
    """The bugs of tests/planted: the functions that differ once a patch is applied."""
    patches = sorted((project.root / "tests/planted").glob("*.patch"))
    wanted = [patch for patch in patches if not numbers or int(patch.name.split("-")[0]) in numbers]
    for number, patch in enumerate(wanted, 1):
        head, *_ = patch.read_text().partition("\n--- a/")
        files = re.findall(r"^\+\+\+ b/(.*)", patch.read_text(), re.M)
        asked = re.search(r"^First: (.*)", head, re.M)
        stages = [(asked[1].split(), [])] if asked else []
        change = Change(number, patch.stem, "planted", "", [*stages, *own_tests(files[0])[1:2], ([], [])], {})
        for file in files:
            (scratch / file).parent.mkdir(parents=True, exist_ok=True)
            (scratch / file).write_text(project.text(file))
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(patch)], cwd=scratch, check=True,
            env=os.environ | {"GIT_CEILING_DIRECTORIES": str(scratch.parent)},
        )
        if not all(differing(project, file, (scratch / file).read_text(), change) for file in files):
            change.bodies, change.verdict = {}, "not tried"
        yield change


def differing(project, file, after, change):
    """Notes the bodies that differ. False where something else differs too."""
    text, then, others = project.text(file), functions(after), []
    if len(then) != len(project.functions(file)):
        return False
    for side, listed in ((text, project.functions(file)), (after, then)):
        for function in reversed(listed):
            side = side[: function.opens] + side[function.ends :]
        others.append(side)
    for place, (old, new) in enumerate(zip(project.functions(file), then)):
        body = after[new.opens : new.ends]
        if body != text[old.opens : old.ends]:
            if old.is_const:
                return False
            change.bodies[file, place] = body
    return others[0] == others[1]


class Copy:
    """The copy that holds every change; its parts are crates of one workspace, and "" is the whole project."""

    def __init__(self, project, root, parts):
        self.project, self.root, self.parts = project, root, parts
        self.lines = {}

    def path(self, file):
        part = module_of(file)
        return f"{part}/{file}" if part in self.parts else file

    def write(self, changes):
        """Writes all sources anew with the changes that are still to be tried."""
        bodies = collections.defaultdict(dict)
        for change in changes:
            for (file, place), body in change.bodies.items():
                bodies[file].setdefault(place, [])
                # What was caught stays in, so that a further run need not build anew.
                if change.verdict != "does not compile":
                    bodies[file][place].append((change.number, body))
        self.lines = {self.path(file): self.write_file(file, changed) for file, changed in bodies.items()}
        for part in self.parts:
            root = self.root / part / "src/lib.rs"
            text = root.read_text()
            if MODULE not in text:
                root.write_text("#![allow(warnings)]\n" + text + MODULE)

    def write_file(self, file, changed):
        """Returns which lines hold which change."""
        source, out, at, line, held = self.project.text(file), [], 0, 1, []

        def add(text):
            nonlocal line
            out.append(text)
            line += text.count("\n")

        for place, function in enumerate(self.project.functions(file)):
            if not changed.get(place):
                continue
            add(source[at : function.opens])
            # Arms of one `match` have one type; what a function hides behind `impl` goes into a box.
            hidden = IMPL.search(source[function.start : function.opens])
            arm = "Box::new(%s)" if hidden else "%s"
            add(f"{{ let chosen: Box<dyn {hidden[1]} + '_> =" if hidden else "{")
            add(" match crate::mutant::on() {\n")
            for number, body in [*changed[place], ("_", source[function.opens : function.ends])]:
                first = line
                add(f"{number} => {arm % body},\n")
                if number != "_":
                    held.append((first, line - 1, number))
            add("}; chosen }" if hidden else "} }")
            at = function.ends
        add(source[at:])
        path, text = self.root / self.path(file), "".join(out)
        if path.read_text() != text:
            path.write_text(text)
        return held

    def cargo(self, *arguments):
        """Runs cargo for the tests of all parts and returns what it says, as JSON."""
        packages = [f"--package={part}" for part in self.parts if part]
        done = subprocess.run(
            ["cargo", *arguments, "--lib", *packages, "--message-format=json"], cwd=self.root, text=True, capture_output=True
        )
        said = [json.loads(row) for row in done.stdout.splitlines() if row.startswith("{")]
        return done.returncode, said, done.stderr

    def broken(self):
        """The changes that do not compile."""
        status, said, errors = self.cargo("check", "--profile", "test")
        if status == 0:
            return set()
        return self.blamed((entry["message"] for entry in said if entry["reason"] == "compiler-message"), errors)

    def blamed(self, messages, errors):
        """The changes that the compiler's errors stand in."""
        found, elsewhere = set(), []
        for message in messages:
            if message["level"] != "error" or not message["spans"]:
                continue
            spans = [span for span in message["spans"] if span["is_primary"]] + message["spans"]
            guilty = next(filter(None, map(self.guilty, spans)), None)
            found.add(guilty) if guilty else elsewhere.append(message["rendered"])
        if not found:
            stop("the copy does not compile:\n" + "".join(elsewhere or [errors]))
        return found

    def guilty(self, span):
        while span:
            for first, last, number in self.lines.get(span["file_name"], []):
                if first <= span["line_start"] <= last:
                    return number
            span = span["expansion"] and span["expansion"]["span"]
        return None

    def build(self):
        status, said, errors = self.cargo("test", "--no-run")
        if status:
            stop("the copy cannot be built:\n" + errors)
        built = [entry for entry in said if entry.get("executable") and entry["profile"]["test"]]
        return {part: entry["executable"] for entry in built for part in self.parts if part in ("", entry["target"]["name"])}


class Tests:
    """The tests, built once."""

    def __init__(self, binaries, root):
        self.binaries, self.root = binaries, root
        self.patience, self.asking = {}, collections.defaultdict(threading.Lock)

    def run(self, number, part, stage, patience):
        """The first test that fails, or nothing, and the seconds of the processor that took."""
        wanted, skipped = stage
        command = [self.binaries[part], "--test-threads=1", *wanted, *[f"--skip={name}" for name in skipped]]
        process = subprocess.Popen(
            command, cwd=self.root / part, env=os.environ | {VARIABLE: str(number), "RUST_MIN_STACK": str(64 << 20)},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        # Nothing of Popen's own is asked from here on, for it would wait for the process and throw away what it used.
        # Time of the processor, for the machine may be busy; and of the clock, for a test may wait for ever.
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (patience, patience + 1))
        timer = threading.Timer(60 * patience, os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        running = failed = ""
        for row in process.stdout:
            if named := re.match(r"test (\S+) ", row):
                running = named[1]
                if row.rstrip().endswith("... FAILED"):
                    failed = running
                    os.kill(process.pid, signal.SIGKILL)
                    break
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if not failed and process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            failed = "(did not end)"
        elif not failed and process.returncode:
            failed = f"(crashed) {running}"
        return failed, used.ru_utime + used.ru_stime

    def patience_with(self, part, stage):
        """How many seconds a stage may take. Asked first without a change: there all of it passes."""
        key = part, repr(stage)
        with self.asking[key]:
            if key not in self.patience:
                failed, used = self.run(0, part, stage, 1800)
                if failed:
                    stop(f"without any change {failed} fails ({stage})")
                self.patience[key] = max(PATIENCE, round(5 * used))
                print(f"sound: {part} {' '.join(stage[0]) or 'all'} in {used:.1f} s", flush=True)
            return self.patience[key]

    def hunt(self, change):
        caught = ""
        for stage in change.stages:
            patience = self.patience_with(change.part, stage)
            caught, _ = self.run(change.number, change.part, stage, patience)
            if caught:
                break
        change.verdict = f"caught {caught}" if caught else "missed"
        return change


class Known:
    """What was found before, and now."""

    def __init__(self, file):
        self.file = file
        rows = file.read_text().splitlines() if file.exists() else []
        self.verdicts = dict(row.split("\t") for row in rows)

    def note(self, changes):
        self.verdicts |= {change.name: change.verdict for change in changes if change.verdict}
        # Beside it first: a run that is ended in the middle of writing loses nothing.
        beside = self.file.with_suffix(".new")
        beside.write_text("".join(f"{name}\t{verdict}\n" for name, verdict in self.verdicts.items()))
        beside.replace(self.file)


def without_broken(copy, changes, known):
    """Writes the copy until it compiles."""
    while True:
        copy.write(changes)
        broken = copy.broken()
        print(f"{len(changes)} changes, {len(broken)} more do not compile", flush=True)
        if not broken:
            return
        for change in changes:
            if change.number in broken:
                change.verdict = "does not compile"
        known.note(changes)


def hunt_all(tests, changes, known):
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        hunts = [pool.submit(tests.hunt, change) for change in changes]
        try:
            for done in concurrent.futures.as_completed(hunts):
                change = done.result()
                print(f"{change.verdict.split()[0]:7} {change.name} {change.verdict.partition(' ')[2]}", flush=True)
                known.note([change])
        except SystemExit:
            pool.shutdown(cancel_futures=True)
            raise


def main():
    root, copy_root, results, what, *names = sys.argv[1:]
    project, results, copy_root = Project(pathlib.Path(root)), pathlib.Path(results), pathlib.Path(copy_root)
    results.mkdir(parents=True, exist_ok=True)
    known = Known(results / "known.tsv")
    found = {
        "mutants": lambda: mutants(project, names),
        "survivors": lambda: survivors(project, known.verdicts),
        "planted": lambda: planted(project, set(map(int, names)), results / "scratch"),
    }
    if what == "table":
        changes = list(mutants(project, []))
        for change in changes:
            change.verdict = known.verdicts.get(change.name, "not tried")
        sys.exit(table(changes))
    changes = list(found[what]())
    if not changes:
        sys.exit("nothing to try: no change fits, or no run before has missed one")
    for change in changes:
        if known.verdicts.get(change.name, "").startswith(("caught", "does not compile")):
            change.verdict = known.verdicts[change.name]
    left = [change for change in changes if not change.verdict]
    # The journal's tests take longest, and find the least.
    left.sort(key=lambda change: change.part == "journal")
    if left:
        copy = Copy(project, copy_root, sorted({change.part for change in left}))
        without_broken(copy, changes, known)
        hunt_all(Tests(copy.build(), copy_root), [change for change in left if not change.verdict], known)
    known.note(changes)
    sys.exit(table(changes))


def table(changes):
    """Prints what was found. 1 where a change was missed."""
    counts = collections.defaultdict(collections.Counter)
    for change in changes:
        counts[change.group][change.verdict.split(" ")[0] if change.verdict.startswith("caught") else change.verdict] += 1
    counts["together"] = sum(counts.values(), collections.Counter())
    print("| file | changes | tried | caught | | missed | did not compile | not tried |")
    print("| --- " * 8 + "|")
    for group, count in counts.items():
        caught, missed = count["caught"], count["missed"]
        tried = caught + missed
        share = f"{100 * caught // tried} %" if tried else "-"
        name = group if group == "together" else f"`{group.removeprefix('src/')}`"
        cells = [name, sum(count.values()), tried, caught, share, missed, count["does not compile"], count["not tried"]]
        print("| " + " | ".join(map(str, cells)) + " |")
    print()
    for change in changes:
        if change.verdict == "missed":
            print(f"missed: {change.name}")
    return 1 if counts["together"]["missed"] or counts["together"]["not tried"] else 0


if __name__ == "__main__":
    main()
