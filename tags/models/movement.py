"""A tag was seen to point elsewhere than before, to appear, to disappear or to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from tags.models.coverage import Coverage
from tags.models.image import Image
from tags.models.remembered import Remembered
from tags.timeline import Kind
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from django_stubs_ext import StrOrPromise, WithAnnotations


def short(digest: str) -> str:
    """The digest as people compare it: the algorithm and seven characters."""
    algorithm, _colon, content = digest.partition(":")
    return f"{algorithm}:{content[:7]}"


SENTENCES = {
    Kind.FORWARD: _("%(tag)s moved forward from %(from)s to %(to)s"),
    Kind.ROLLBACK: _("%(tag)s was rolled back from %(from)s to %(to)s"),
    Kind.CHANGED: _("%(tag)s changed from %(from)s to %(to)s"),
    Kind.REBUILT: _("%(tag)s was rebuilt: same name, new content"),
    Kind.REPUBLISHED: _("%(tag)s was published again, its content is the same"),
    Kind.APPEARED: _("%(tag)s appeared, pointing to %(to)s"),
    Kind.REMOVED: _("%(tag)s was removed (it pointed to %(from)s)"),
    Kind.RETURNED: _("%(tag)s came back, pointing to %(to)s"),
}
# Of a version nobody has to be told which version it points to.
SENTENCES_OF_A_VERSION = {
    Kind.APPEARED: _("%(tag)s appeared"),
    Kind.REMOVED: _("%(tag)s was removed"),
    Kind.RETURNED: _("%(tag)s came back"),
}
FOLLOWED = _("%(tag)s followed %(to)s, which was rebuilt")


# Who stays on a name has not left it, though there is another image behind it now.
STAYED = Q(kind=Kind.REPUBLISHED) | Q(from_version__isnull=False, from_version=F("to_version"))


class Came(TypedDict):
    """What `MovementQuerySet.with_arrivals()` adds to a movement."""

    came_after: dt.datetime | None
    came_before: dt.datetime | None


class Began(TypedDict):
    """What `MovementQuerySet.with_beginnings()` adds to a movement."""

    began_before: dt.datetime | None


class Seen(TypedDict):
    """What `MovementQuerySet.for_comparisons()` adds to a movement."""

    was_watched: bool
    is_forgotten: bool


class MovementQuerySet(models.QuerySet["Movement"]):
    def newest_first(self) -> MovementQuerySet:
        return self.order_by("-before", "-pk")

    def between(self, since: dt.datetime | None, until: dt.datetime | None) -> MovementQuerySet:
        """Those that happened, or may have, from `since` up to `until`; None leaves that side open.

        What was under way at `until` belongs to them, though it was seen only later.
        """
        movements = self if since is None else self.filter(before__gte=since)
        return movements if until is None else movements.filter(Q(before__lt=until) | Q(after__lt=until))

    def older_than(self, before: dt.datetime, pk: int) -> MovementQuerySet:
        """What follows the movement of that time and id, newest first."""
        return self.filter(Q(before__lt=before) | Q(before=before, pk__lt=pk))

    def with_arrivals(self) -> models.QuerySet[WithAnnotations[Movement, Came]]:
        """With `came_after` and `came_before`: when the tag had come to what it left; None: it was there at first.

        So they are to be of those `with_predecessors`.
        """
        came = Movement.objects.filter(
            Q(before__lt=OuterRef("before")) | Q(pk__lt=OuterRef("pk")),
            tag=OuterRef("tag"), to_digest=OuterRef("from_digest"), before__lte=OuterRef("before"),
        ).newest_first()  # fmt: skip
        moves: Any = self.annotate(  # the plugin loses what is annotated: `Came` says what there is
            came_after=Subquery(came.values("after")[:1]), came_before=Subquery(came.values("before")[:1])
        )
        return moves

    def with_beginnings(self) -> models.QuerySet[WithAnnotations[Movement, Began]]:
        """With `began_before`: when the tag had come to the version it left, whatever was rebuilt in between."""
        came = (
            Movement.objects.filter(
                Q(before__lt=OuterRef("before")) | Q(pk__lt=OuterRef("pk")),
                tag=OuterRef("tag"), before__lte=OuterRef("before"),
            ).exclude(STAYED).newest_first()
        )  # fmt: skip
        moves: Any = self.annotate(began_before=Subquery(came.values("before")[:1]))  # as above
        return moves

    def for_comparisons(self) -> models.QuerySet[WithAnnotations[Movement, Seen]]:
        """With `was_watched`: whether the last look before the move fell in a time in which somebody watched.

        Watching begins when a look ends, so it did not when that look was the first one, or the first after a gap.
        With `is_forgotten`, too: whether the move fell in a time of which nothing else is kept any longer.
        """
        of_it = Coverage.objects.filter(repository=OuterRef("repository"))
        stretches = of_it.filter(watched=True, since__lte=OuterRef("after"), until__gte=OuterRef("after"))
        forgotten = of_it.forgotten().filter(until__gte=OuterRef("before"))
        moves: Any = self.annotate(was_watched=Exists(stretches), is_forgotten=Exists(forgotten))  # as above
        return moves

    def with_predecessors(self) -> MovementQuerySet:
        """Without the first one that is left of a tag whose earlier ones were deleted."""
        return self.exclude(before__lte=F("tag__kept_since"))

    def rebuilds(self) -> MovementQuerySet:
        """Those by which a version came to another content."""
        return self.filter(kind=Kind.REBUILT, tag__role=Role.VERSION)

    def last_names(
        self, digests: Collection[str], repositories: Collection[int], until: dt.datetime | None = None
    ) -> dict[tuple[int, str], str]:
        """What digests were last called: (repository id, digest) -> the version that left it, or a move to it named.

        One query; `until`: by then.
        """
        then: dict[str, Any] = {"repository__in": repositories, **({"before__lte": until} if until else {})}
        moves = self.filter(**then).order_by()  # a union takes none
        came = moves.filter(to_digest__in=digests, to_version__isnull=False)._last_of("to_digest", F("to_version"))
        left = moves.filter(from_digest__in=digests, tag__role=Role.VERSION)._last_of("from_digest", F("tag__name"))
        deleted = Remembered.objects.filter(digest__in=digests, name__isnull=False, **then)
        facts = deleted.values_list("before", "movement", "repository", "digest", "name")
        found: dict[tuple[int, str], str] = {}
        for _before, _pk, repository, digest, name in sorted(came.union(left, facts, all=True)):
            found[repository, digest] = name
        return found

    def _last_of(self, side: str, name: F) -> models.QuerySet[Movement, tuple[dt.datetime, int, int, str, str]]:
        """Of each repository and digest the last move: the database picks it, for there may be a hundred thousand."""
        last_first = Window(
            RowNumber(), partition_by=["repository", side], order_by=[F("before").desc(), F("pk").desc()]
        )
        numbered = self.annotate(number=last_first, digest=F(side), name=name).filter(number=1)
        return numbered.values_list("before", "pk", "repository", "digest", "name")

    def settle_republished(self) -> int:
        """Tell of moves between two images with the same content that nothing changed; how many those are.

        What an image holds is read only after the movement was recorded. A move forward or back says of versions what
        stays true, and so does one between two versions by name: those keep their kinds.
        """
        nothing_else_to_say = (
            Q(kind=Kind.REBUILT)
            | Q(from_version__isnull=True)
            | Q(to_version__isnull=True)
            | Q(from_version=F("to_version"))
        )
        late = (
            self.filter(nothing_else_to_say, kind__in=[Kind.CHANGED, Kind.REBUILT])
            .annotate(from_content=_content("from_digest"), to_content=_content("to_digest"))
            .filter(from_content=F("to_content"))
        )
        settled = 0
        for repository in sorted(set(late.values_list("repository", flat=True))):
            with transaction.atomic():
                # As polls do before they write here. The model stands above this one: Repository.record() writes it.
                apps.get_model("tags", "Repository").objects.select_for_update().get(pk=repository)
                settled += late.filter(repository=repository).update(kind=Kind.REPUBLISHED)
        return settled

    def for_sentences(self) -> MovementQuerySet:
        """With what a line about a movement needs, in one query."""
        return self.select_related("tag__repository__registry")


def _content(digest: str) -> Subquery:
    """What is known to be in the image of a movement's `from_digest` or `to_digest`."""
    return Subquery(Image.objects.filter(pk=OuterRef(digest)).exclude(content="").values("content"))


class Movement(models.Model):
    """What changed: append-only, written by `Repository.record()`; some of it is settled later.

    None is deleted but by `tags.retention`, where people want that.
    """

    KINDS: dict[str, StrOrPromise] = {
        Kind.FORWARD: _("moved forward"),
        Kind.ROLLBACK: _("rolled back"),
        Kind.CHANGED: _("changed"),
        Kind.REBUILT: _("rebuilt"),
        Kind.REPUBLISHED: _("published again"),
        Kind.APPEARED: _("appeared"),
        Kind.REMOVED: _("removed"),
        Kind.RETURNED: _("came back"),
    }

    class Source(models.TextChoices):
        POLL = "poll", _("seen by a poll")
        HISTORY = "history", _("told by the registry's own history")
        PUSH_TIME = "push time", _("seen by a poll, narrowed by the registry's push time")

    tag = models.ForeignKey(
        "Tag", on_delete=models.CASCADE, related_name="movements", verbose_name=_("tag"), db_index=False
    )
    # The tag knows its repository too; it stands here again for the indexes that pages of one repository read.
    repository = models.ForeignKey(
        "Repository", on_delete=models.CASCADE, related_name="movements", verbose_name=_("repository"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=KINDS)
    from_digest = models.CharField(_("from digest"), max_length=135, null=True)
    to_digest = models.CharField(_("to digest"), max_length=135, null=True)
    from_version = models.CharField(_("from version"), max_length=300, null=True)
    to_version = models.CharField(_("to version"), max_length=300, null=True)
    after = models.DateTimeField(
        _("after"), null=True, help_text=_("When the last request that still got the old digest was sent.")
    )
    before = models.DateTimeField(_("before"), help_text=_("When the first answer with the new digest arrived."))
    source = models.CharField(_("source"), max_length=12, choices=Source.choices, default=Source.POLL)
    across_gap = models.BooleanField(
        _("across a gap"), default=False, help_text=_("For part of the time between the two looks nobody could look.")
    )
    found_at = models.DateTimeField(_("found at"), help_text=_("The poll that found it: moves of one poll share it."))

    objects = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        constraints = [
            models.CheckConstraint(
                condition=Q(after__isnull=True) | Q(after__lte=F("before")), name="movement_after_not_past_before"
            ),
            models.CheckConstraint(
                condition=(Q(from_digest__isnull=True) | Q(from_digest__regex=r"^[a-z0-9]+:[0-9a-f]+$"))
                & (Q(to_digest__isnull=True) | Q(to_digest__regex=r"^[a-z0-9]+:[0-9a-f]+$")),
                name="movement_digests_valid",
            ),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="movement_kind_known"),
        ]
        indexes = [
            # read by: the page of a tag, Tag.objects.at() and the lanes of a timeline
            models.Index("tag", "before", "id", name="movement_of_tag"),
            # read by: the movements of one repository, newest first
            models.Index("repository", "before", "id", name="movement_of_repository"),
            # read by: the movements of everything, newest first
            models.Index("before", "id", name="movement_of_all"),
            # read by: Repository.record(), for names that came later or are gone by now
            models.Index("to_digest", "repository", name="movement_to_digest"),
            # read by: the same, the page of an image, TagQuerySet.ever_on()
            models.Index("from_digest", "repository", name="movement_from_digest"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def from_name(self) -> str | None:
        """What people call the image it came from: its version, else its shortened digest."""
        return self.from_version or (self.from_digest and short(self.from_digest))

    @property
    def to_name(self) -> str | None:
        """What people call the image it went to: its version, else its shortened digest."""
        return self.to_version or (self.to_digest and short(self.to_digest))

    @property
    def sentence(self) -> str:
        """The movement in words, without its time."""
        facts = {"tag": self.tag.name, "from": self.from_name, "to": self.to_name}
        kind = Kind(self.kind)
        wording = SENTENCES[kind]
        if kind == Kind.CHANGED and self.from_name == self.to_name:
            wording = FOLLOWED
        elif self.tag.name == (self.to_version if self.to_digest else self.from_version):
            wording = SENTENCES_OF_A_VERSION.get(kind, wording)
        return str(wording) % facts

    @property
    def facts(self) -> dict[str, Any]:
        """What programs are told of it: the API, exports and commands."""
        return {
            "id": self.pk,
            "repository": self.tag.repository.reference,
            "tag": self.tag.name,
            "kind": self.kind,
            "from_digest": self.from_digest,
            "to_digest": self.to_digest,
            "from_version": self.from_version,
            "to_version": self.to_version,
            "after": self.after,
            "before": self.before,
            "source": self.source,
            "sentence": self.sentence,
        }

    @property
    def is_current(self) -> bool:
        """Whether the tag still points to where this movement left it; asks for the tag."""
        return self.to_digest is not None and (self.to_digest, self.before) == (self.tag.digest, self.tag.before)

    @property
    def is_warning(self) -> bool:
        """Whether people should look twice: a version that is not what it was."""
        return self.kind == Kind.REBUILT
