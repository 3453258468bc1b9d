"""Publishes the next version: the live products with their garments and vectors, if the gates pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
from jobs.live.products import tonights_sources
from jobs.live.retailers import missing, retailer_states, taken_out
from jobs.live.verdict import Verdict
from jobs.stages import gates
from jobs.stages.canary import canary
from jobs.stages.publish_rows import Fresh, Source, published_vectors
from jobs.stages.record import StageRecord, no_rejects
from lake import snapshots
from lake.candidate import Candidate, Rows, held_by, missing_vectors, prepare, rows_of
from lake.encoders import keep_encoder
from lake.integrity import integrity
from lake.published_files import read_rows
from lake.recalled import recalled_keys
from lake.segments import NO_KEYS, Held
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
    anew = asked.digests.keys() if len(avoided) or banned is not None else asked.retailers
    source = Source(night.among(anew))
    kept = {*missing(night, parent), *source.unchanged(parent), *(asked.digests.keys() - anew)}
    fresh = source.fresh(kept)
    base = _Base(parent, held_by(night.store, parent), encoder.digest, avoided)
    candidate = _prepare(night, fresh, kept, base)
    judged = _judge_retailers(night, candidate, states)
    withheld = {str(gate.retailer) for gate in judged if not gate.passed}
    if withheld:
        kept |= withheld
        candidate = _prepare(night, fresh.without(withheld), kept, base)
    publication = Publication(version=snapshots.current(night.store), states=states, gates=judged)
    publication.garments, publication.products = candidate.rows("garments"), candidate.rows("products")
    if candidate.is_new or banned is not None:
        _write(night, candidate, encoder, publication, _made_from(source, candidate, kept))
    else:
        snapshots.mend(night.store, night.now())
    publication.place = f"{night.store.uri}/snapshots/{publication.version}" if publication.version else ""
    publication.complete = True
    publication.note = _note(night, asked, publication, encoder.digest, withheld)
    return publication


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


@dataclass(frozen=True)
class _Base:
    """What the next version is made on."""

    parent: Manifest | None
    held: Held  # its segments
    encoder: str  # digest
    banned: pa.Array  # keys of vectors that no segment may hold on


def _prepare(night: Night, fresh: Fresh, kept: set[str], base: _Base) -> Candidate:
    """A candidate of the fresh rows, the parent's rows of the retailers that keep them, and the vectors that no segment
    of the parent holds, or that are banned."""
    parent = base.parent
    unchanged = frozenset(kept & parent.counts.keys() if parent else ())
    if parent and len(base.banned):  # anybody may show one of them
        fresh, unchanged = fresh.beside(*rows_of(night.store, parent, unchanged)), frozenset()
    lacking = missing_vectors(base.held, fresh.garments["vector_key"], base.banned)
    vectors = published_vectors(night, fresh.crops_of(lacking), embed_function(night))
    rows = Rows(fresh.garments, fresh.products, vectors, unchanged)
    return prepare(night.store, rows, parent, base.encoder, base.banned, base.held)


def _judge_retailers(night: Night, candidate: Candidate, states: dict[str, RetailerState]) -> list[Gate]:
    """The gates per retailer, for retailers that are in the parent too. If one fails, the retailer is held."""
    parent = candidate.parent
    if parent is None or not candidate.is_new:
        return []
    judged: list[Gate] = []
    counts, bounds = candidate.counts, night.gates.retailer
    live = {name for name, state in states.items() if state.feed_sha256 is not None}
    for name in sorted(set(parent.counts) & live):
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


def _made_from(source: Source, candidate: Candidate, kept: set[str]) -> dict[str, str]:
    """By retailer, what its rows in this version are made from: those that are kept, from what they once were."""
    known = candidate.parent.facts.made_from if candidate.parent else {}
    found = {name: (known if name in kept else source.digests).get(name) for name in candidate.content}
    return {name: digest for name, digest in found.items() if digest is not None}


def _write(
    night: Night, candidate: Candidate, encoder: Encoder, publication: Publication, made_from: dict[str, str]
) -> None:
    """Write the version, open it as the search tier would, check the gates, then move the pointer."""
    if not candidate.rows("products"):
        _refuse(["the version would be empty, which is never published"], {"empty": (0, 1)})
    findings = integrity(candidate, night.gates.whole_index.norm_tolerance)
    _refuse([f"integrity: {finding}" for finding in findings], {"integrity": (len(findings), 0)})
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
    draft = snapshots.write(night.store, candidate, facts, encoder)
    drilled = _drill(night, draft.manifest, candidate.parent)
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
