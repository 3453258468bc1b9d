"""Publishes the next version: the live products with their garments and vectors, if the gates pass."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import selvedge_searcher
from jobs.engine.models import ENCODER_PARTS, MODELS, PromotedModel
from jobs.engine.night import Night
from jobs.engine.stage import Counts, Note
from jobs.live import touched
from jobs.live.asked import Asked
from jobs.live.coverage import covered_share, covered_share_of
from jobs.live.functions import digest_of, embed_function
from jobs.live.products import in_groups, tonights_sources
from jobs.live.retailers import missing, retailer_states, taken_out
from jobs.live.verdict import Verdict
from jobs.stages import gates
from jobs.stages.canary import canary
from jobs.stages.publish_rows import Fresh, OfCrops, Source
from jobs.stages.publish_second import next_second
from jobs.stages.record import StageRecord, no_rejects
from lake import snapshots
from lake.candidate import Base, Candidate, Rows, missing_vectors, prepare, rows_of
from lake.encoders import keep_encoder
from lake.integrity import Finding, integrity, vector_integrity
from lake.published_files import read_rows
from lake.recalled import recalled_keys
from lake.second import NextSecond
from lake.segments import NO_KEYS
from schemas.errors import REPAIR, DamagedLake, RefusedByGate
from schemas.manifest import Category, Encoder, Facts, Gate, Manifest, RetailerState
from schemas.manifest import Counts as RowCounts
from udfs.pictures.decode import PIXELS_REVISION
from udfs.runtime.errors import WeightsChanged

NOTHING = RowCounts(garments=0, products=0, categories={})


@dataclass
class Publication(Counts):
    """The result of `publish`. `due` counts the rows that differ from the parent version."""

    version: int | None = None  # the version that is live now
    is_new: bool = False
    garments: int = 0
    products: int = 0
    gates: list[Gate] = field(default_factory=list)
    states: dict[str, RetailerState] = field(default_factory=dict)
    place: str = ""

    @property
    def held(self) -> dict[str, str]:
        """Retailers that stay at their last good rows, with the reason."""
        return {name: state.reason or "" for name, state in self.states.items() if state.status == "held"}


def publish(night: Night, banned: pa.Array | None = None) -> Publication:
    """Publish what the stage tables hold. Raises RefusedByGate if a gate over the whole index fails.

    With `banned` vectors (published keys) a version is published even if nothing is new, and none of its segments holds
    one of them. Vectors that `recheck` found to be wrong are taken from the stage anew.
    """
    parent = snapshots.parent(night.store)
    wrong = recalled_keys(night.store, parent.of("vectors")) if parent else NO_KEYS
    avoided = wrong if banned is None else pa.concat_arrays([wrong, banned])
    models = {part: night.model(part) for part in ENCODER_PARTS}
    encoder = keep_encoder(night.store, {part: model.folder for part, model in models.items()}, PIXELS_REVISION)
    _same_models(models, encoder)
    states = retailer_states(night, parent)
    asked = touched.question(night, "publish", _besides(night, parent, encoder.digest))
    version = _Version(night, parent, encoder.digest, avoided, states)
    anew = asked.digests.keys() if len(avoided) or banned is not None else asked.retailers
    standing = {*missing(night, parent), *(asked.digests.keys() - anew)}
    candidate = version.made(anew, standing)
    publication = Publication(version=snapshots.current(night.store), states=states, gates=version.gates)
    publication.garments, publication.products = candidate.rows("garments"), candidate.rows("products")
    beside = next_second(night, candidate, avoided)
    if candidate.is_new or banned is not None or _differs(parent, beside):
        _write(night, candidate, encoder, beside, publication, version.made_from(candidate))
    else:
        snapshots.mend(night.store, night.now())
    publication.place = f"{night.store.uri}/snapshots/{publication.version}" if publication.version else ""
    publication.complete = True
    publication.note = _note(night, asked, publication, encoder.digest, version.withheld)
    return publication


def _differs(parent: Manifest | None, beside: NextSecond | None) -> bool:
    """Whether the second embedding alone makes a version new."""
    if parent is None:
        return False
    return beside.is_new if beside else parent.second is not None


def _besides(night: Night, parent: Manifest | None, encoder: str) -> dict[str, bytes]:
    """By retailer, what its published rows follow from besides the rows of the stages: the last version, from which it
    may take them, and the nights in which its prices hold."""
    base = (str(parent.version), parent.content_digest) if parent else ()
    return {name: digest_of(encoder, *base, source) for name, source in tonights_sources(night).items()}


def _note(
    night: Night, asked: touched.Question, publication: Publication, encoder: str, withheld: set[str]
) -> Note | None:
    """What has been asked, as the next night will ask it: over the version that is the last one now."""
    last = _besides(night, snapshots.parent(night.store), encoder)
    digests = touched.digests_of(night, "publish", last)
    done = {name: digest for name, digest in digests.items() if name not in withheld}
    return touched.note(night, "publish", asked._replace(digests=done), publication)


def _same_models(models: Mapping[str, PromotedModel], encoder: Encoder) -> None:
    """Raises WeightsChanged if a release was exchanged since this run read it: its vectors are not the encoder's."""
    kept = {file.path.split("/", 2)[2]: file.sha256 for file in encoder.files}
    for part, model in models.items():
        for name, sha256 in model.files.items():
            if kept.get(f"{part}/{name}") != sha256:
                raise WeightsChanged(model.folder / name, sha256, kept.get(f"{part}/{name}", "missing"))


class _Version:
    """The next version as it is made: the retailers whose rows are made anew in groups, one after the other, so that
    memory is bounded by a setting. What a step has made is written before the next begins, but for the last step."""

    def __init__(
        self, night: Night, parent: Manifest | None, encoder: str, banned: pa.Array, states: dict[str, RetailerState]
    ) -> None:
        """`encoder`: its digest. `banned`: keys of vectors that no segment may hold on."""
        self._night, self._parent, self._encoder, self._banned = night, parent, encoder, banned
        self._states = states
        self._base = Base.of(night.store, parent)
        self._made_from = dict(parent.facts.made_from) if parent else {}
        self.gates: list[Gate] = []
        self.withheld: set[str] = set()

    def made(self, anew: Collection[str], standing: set[str]) -> Candidate:
        """The candidate with the rows of some retailers made anew. Those that stand keep the rows that they have, all
        others go."""
        groups = self._groups(anew)
        for group in groups:
            part = self._night.among(group)
            candidate = self._step(part, group, standing | (set(anew) - set(group)))
            if group is not groups[-1]:
                _refuse_findings(integrity(candidate))
                self._base = snapshots.write_step(self._night.store, candidate, _checking(self._night))
            if len(groups) > 1:
                part.forget()
        self._judge(candidate, candidate.counts.keys() - {gate.retailer for gate in self.gates})
        self.gates.sort(key=lambda gate: str(gate.retailer))
        return candidate

    def made_from(self, candidate: Candidate) -> dict[str, str]:
        """By retailer, what its rows in this version are made from: those that are kept, from what they once were."""
        return {name: self._made_from[name] for name in candidate.content if name in self._made_from}

    def _groups(self, anew: Collection[str]) -> list[list[str]]:
        if len(self._banned):  # whose vectors anybody may show
            return [[*anew]]
        most = self._night.settings.work.offers_published_at_once
        return [*in_groups(self._night, sorted(anew), most)] or [[]]

    def _step(self, part: Night, group: list[str], standing: set[str]) -> Candidate:
        """The candidate with the rows of a group made anew, of those retailers that their gates let through."""
        source = Source(part)
        kept = standing | source.unchanged(self._parent)
        fresh = source.fresh(kept)
        candidate = self._prepare(fresh, kept)
        withheld = self._judge(candidate, group)
        if withheld:
            kept |= withheld
            candidate = self._prepare(fresh.without(withheld), kept)
        self._made_from.update((name, digest) for name, digest in source.digests.items() if name not in kept)
        return candidate

    def _judge(self, candidate: Candidate, names: Iterable[str]) -> set[str]:
        """Those of some retailers whose gates fail: they are held."""
        judged = _judge_retailers(self._night, candidate, self._states, names)
        failed = {str(gate.retailer) for gate in judged if not gate.passed}
        self.gates += judged
        self.withheld |= failed
        return failed

    def _prepare(self, fresh: Fresh, kept: set[str]) -> Candidate:
        """A candidate of the fresh rows, the base's rows of the retailers that keep them, and the vectors that no
        segment of the base holds, or that are banned."""
        store, parent, base = self._night.store, self._parent, self._base
        unchanged = frozenset(kept & base.counts.keys())
        if parent and len(self._banned):
            fresh, unchanged = fresh.beside(*rows_of(store, parent, unchanged)), frozenset()
        lacking = missing_vectors(base.held, fresh.garments["vector_key"], self._banned)
        vectors = OfCrops(self._night.tables, lacking, fresh.crops_of(lacking), embed_function(self._night))
        rows = Rows(fresh.garments, fresh.products, vectors, unchanged)
        return prepare(store, rows, parent, self._encoder, self._banned, base)


def _checking(night: Night) -> snapshots.Check:
    """Refuses vectors that no version may have."""

    def check(vectors: pa.Table) -> None:
        _refuse_findings(vector_integrity(vectors, night.gates.whole_index.norm_tolerance))

    return check


def _judge_retailers(
    night: Night, candidate: Candidate, states: dict[str, RetailerState], names: Iterable[str]
) -> list[Gate]:
    """The gates of some retailers, of those that are in the parent too. If one fails, the retailer is held."""
    parent = candidate.parent
    if parent is None or not candidate.is_new:
        return []
    judged: list[Gate] = []
    counts, bounds = candidate.counts, night.gates.retailer
    live = {name for name, state in states.items() if state.feed_sha256 is not None}
    for name in sorted(set(names) & parent.counts.keys() & live):
        found = gates.compare(parent.counts[name], counts.get(name, NOTHING), bounds, name)
        before, now = covered_share_of(night, parent, name), covered_share(night, name)
        if before is not None and now is not None:
            found.append(gates.coverage_drop(before, now, bounds, name))
        found = [_accepted(night, gate) for gate in found]
        failed = [gate for gate in found if not gate.passed]
        if failed:
            reason = "; ".join(f"{g.name} is {g.value:.4g}, allowed {g.bound:.4g}" for g in failed)
            text = f"{reason}; to act: the data engineer (selvedge publish --accept {failed[0].name} --reason TEXT)"
            states[name] = states[name].model_copy(update={"status": "held", "reason": text})
        judged += found
    return judged


def _judge_whole(night: Night, candidate: Candidate) -> list[Gate]:
    """The gates over all retailers of the parent, except those that a person removed."""
    bounds, new = night.gates.whole_index, candidate.counts
    if candidate.parent is None:
        return gates.first_version(gates.total(new.values()), bounds.first_version)
    old = candidate.parent.counts
    judged = sorted(old.keys() - taken_out(night, candidate.parent))
    now = gates.total(new.get(name, NOTHING) for name in judged)
    return gates.compare(gates.total(old[name] for name in judged), now, bounds)


def _write(
    night: Night,
    candidate: Candidate,
    encoder: Encoder,
    beside: NextSecond | None,
    publication: Publication,
    made_from: dict[str, str],
) -> None:
    """Write the version, open it as the search tier would, check the gates, then move the pointer."""
    if not candidate.rows("products"):
        _refuse(["the version would be empty, which is never published"], {"empty": (0, 1)})
    _refuse_findings(integrity(candidate))
    whole = [_accepted(night, gate) for gate in _judge_whole(night, candidate)]
    _refuse_failed(whole)
    facts = Facts(
        retailers=publication.states,
        models={name: night.model_digest(name).hex() for name in MODELS},
        taxonomy=night.taxonomy.digest.hex(),
        mappings={name: mapping.digest.hex() for name, mapping in night.mappings.items()},
        made_from=made_from,
        categories={
            code: Category(parent=node.parent, shape=node.shape_weight, colour=node.colour_weight)
            for code, node in night.taxonomy.nodes.items()
        },
    )
    draft = snapshots.write(night.store, candidate, facts, encoder, _checking(night), beside)
    drilled = _drill(night, draft.manifest, candidate.parent)
    draft = _with_second(draft, drilled)
    tried = _accepted(night, canary(night, drilled, night.gates.whole_index.canary))
    _refuse_failed([tried])
    always = [gates.no_findings("integrity"), gates.no_findings("drill")]
    publication.gates = [*publication.gates, *always, *whole, tried]
    published = snapshots.publish(night.store, draft, publication.gates, night.now())
    publication.is_new = True
    publication.version = published.manifest.version
    publication.due = publication.done = len(candidate.changes)


def _drill(night: Night, draft: Manifest, parent: Manifest | None) -> selvedge_searcher.Snapshot:
    """Open the draft, its encoder and its parent as the search tier will, and compare the golden answers."""
    try:
        live = selvedge_searcher.open(night.store.uri, version=parent.version) if parent is not None else None
        drilled = selvedge_searcher.open(night.store.uri, version=draft.version, candidate=True, held=live)
        _ = drilled.encoder
    except selvedge_searcher.SnapshotError as error:
        raise DamagedLake(
            f"publish: the search tier could not open what was written: {error}; nothing was published; to act: the "
            f"data engineer ({REPAIR})"
        ) from error
    return drilled


def _with_second(draft: snapshots.Draft, drilled: selvedge_searcher.Snapshot) -> snapshots.Draft:
    """The draft, without its second embedding if the search tier could not open that."""
    try:
        _ = drilled.second and drilled.second.encoder
    except selvedge_searcher.SnapshotError:
        return replace(draft, manifest=draft.manifest.model_copy(update={"second": None}))
    return draft


def _accepted(night: Night, gate: Gate) -> Gate:
    """The gate; passed, with the reason, if an engineer let it through."""
    reason = night.accepted.get(gate.name)
    return (
        gate if gate.passed or reason is None else gate.model_copy(update={"passed": True, "accepted_because": reason})
    )


def _line(gate: Gate) -> str:
    return f"{gate.name} is {gate.value:.6g}, allowed {gate.bound:.6g}"


def _refuse_failed(judged: list[Gate]) -> None:
    failed = [gate for gate in judged if not gate.passed]
    _refuse([_line(gate) for gate in failed], {gate.name: (gate.value, gate.bound) for gate in failed})


def _refuse_findings(findings: list[Finding]) -> None:
    _refuse([f"integrity: {finding}" for finding in findings], {"integrity": (len(findings), 0)})


def _refuse(lines: list[str], gates: dict[str, tuple[float, float]]) -> None:
    if lines:
        raise RefusedByGate(
            f"refused by {'; '.join(lines)}. The last snapshot stays live; to act: the data engineer "
            "(fix the cause, or if the change is right: `selvedge publish --accept GATE --reason TEXT`)",
            gates,
        )


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for product in asked.products:
        if asked.place(product) is not None:
            yield _in_the_index(night, "product_id", product, product.partition(":")[0])
    if asked.picture is not None:
        yield _in_the_index(night, "image_sha256", asked.picture)


def _in_the_index(night: Night, column: str, value: Any, retailer: str | None = None) -> Verdict:
    """What the live version has for a product or a picture."""
    name = value.hex() if isinstance(value, bytes) else str(value)
    live = snapshots.current(night.store)
    if live is None:
        return Verdict("publish", name, "nothing", "no version has been published yet")
    manifest = snapshots.manifest(night.store, live)
    files = [file for file in manifest.of("garments") if retailer in (None, file.retailer)]
    shown = read_rows(night.store, "garments", files, [column])[column]
    count = pc.sum(pc.equal(shown, pa.scalar(value, shown.type))).as_py() or 0
    return Verdict(
        "publish", name, "in the index" if count else "not in the index", f"version {live}: {count} garments"
    )


STAGE = StageRecord(
    name="publish",
    tables=(),
    codes=frozenset(),
    run=publish,
    due=lambda night: "what the earlier stages change",
    rejects=no_rejects,
    verdicts=_verdicts,
)
