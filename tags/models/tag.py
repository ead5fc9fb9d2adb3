"""A name in a repository, and the digest it points to now."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from django.apps import apps
from django.db import connections, models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from tags import versions
from tags.models.bytewise import BytewiseField
from tags.models.movement import Movement
from tags.models.searching import LAST, Indexed, as_indexed
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Sequence

    from django_stubs_ext import WithAnnotations

    from tags.registry import Span


# Rows or digests in one statement: databases bound the number of its parameters.
BATCH = 400

# A version that is where it was, left to the sweep, with no look of its own and no doubt about it.
AT_REST = Q(state="present", swept=True, looked_at=None, wanted_at=None, absent_since=None, disputed_since=None) & ~Q(
    role=Role.POINTER
)


class Then(TypedDict):
    """What `TagQuerySet.at()` adds to a tag; neither a digest nor missing: it was coming, and may have been there."""

    digest_then: str | None
    missing_then: bool
    after_then: dt.datetime | None
    before_then: dt.datetime | None
    leaving_after: dt.datetime | None
    leaving_before: dt.datetime | None
    leaving_to: str | None


class Named(Protocol):
    """What a tag's role depends on."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def moved(self) -> bool: ...
    @property
    def role(self) -> str: ...
    @property
    def role_by_hand(self) -> bool: ...


def changed_roles(tags: Sequence[Named]) -> dict[str, Role]:
    """The tags of one repository whose name and behaviour call for another role than they have.

    What people set by hand stays, and so does a pointer that was seen to move: it is one for good.
    """
    roles = versions.roles({tag.name: tag.digest for tag in tags}, {tag.name for tag in tags if tag.moved})
    settled = {tag.name for tag in tags if tag.role_by_hand or (tag.moved and tag.role == Role.POINTER)}
    return {tag.name: roles[tag.name] for tag in tags if tag.name not in settled and tag.role != roles[tag.name]}


def is_swept(role: str, state: str) -> bool:
    """Whether a tag is left to the slow sweep: what is not meant to move, and has been seen where it is."""
    return role != Role.POINTER and state == Tag.State.PRESENT


class TagQuerySet(models.QuerySet["Tag"]):
    def shown(self) -> TagQuerySet:
        """Without signatures, attestations and referrers, which are about images and not names of them."""
        return self.exclude(role=Role.ATTACHMENT)

    def present(self) -> TagQuerySet:
        """The tags that are in the registry now, those included whose image is missing."""
        return self.exclude(state=Tag.State.REMOVED)

    def within(self, span: Span) -> TagQuerySet:
        """Those whose names lie in this part of a list."""
        some = self.filter(name__gt=span.after) if span.after else self
        return some if span.upto is None else some.filter(name__lte=span.upto)

    def restless(self) -> TagQuerySet:
        """Those there of which a poll has to know more than that they are still listed."""
        return self.present().exclude(AT_REST)

    def at_rest(self) -> TagQuerySet:
        """All others there."""
        return self.filter(AT_REST)

    def set_role(self, role: Role) -> None:
        """Somebody knows better: keep this role for good."""
        with self._repositories_locked():
            self.update(role=role, role_by_hand=True)

    def forget_role(self) -> None:
        """Let names and behaviour decide again, as `Repository.record()` does."""
        with self._repositories_locked() as repositories:
            forgotten = list(self.values_list("pk", flat=True))
            Tag.objects.filter(pk__in=forgotten).update(role_by_hand=False)
            for repository in repositories:
                present = list(Tag.objects.filter(repository=repository).present())
                roles = versions.roles({tag.name: tag.digest for tag in present}, [t.name for t in present if t.moved])
                changed = [tag for tag in present if tag.pk in forgotten]
                for tag in changed:
                    tag.role = roles[tag.name]
                Tag.objects.bulk_update(changed, ["role"], batch_size=BATCH)

    @contextmanager
    def _repositories_locked(self) -> Iterator[list[int]]:
        """Keep polls from writing the same tags, for which they lock their repository."""
        with transaction.atomic():
            # The model stands above this one: Repository.record() writes tags.
            mine = apps.get_model("tags", "Repository").objects.filter(pk__in=self.values("repository")).order_by("pk")
            yield list(mine.select_for_update().values_list("pk", flat=True))

    def pointers(self) -> TagQuerySet:
        return self.filter(role=Role.POINTER)

    def deployments(self) -> TagQuerySet:
        """The pointers that people move: no floating versions."""
        return self.pointers().exclude(name__regex=versions.PARTIAL)

    def called(self, text: str) -> TagQuerySet:
        """Those of just this name, in capital letters or small ones."""
        capitals = text.upper()
        # A range of one, for SQLite would rather read all names than use its index for "=".
        return self.alias(capitals=Upper("name")).filter(capitals__gte=capitals, capitals__lte=capitals)

    def beginning(self, text: str) -> TagQuerySet:
        """Those whose names begin so."""
        if connections[self.db].vendor == "postgresql":
            return self.alias(indexed=Indexed("name")).filter(indexed__startswith=as_indexed(text))
        capitals = text.upper()
        return self.alias(capitals=Upper("name")).filter(capitals__gte=capitals, capitals__lt=capitals + LAST)

    def containing(self, text: str) -> TagQuerySet:
        """Those that have the text somewhere in their names."""
        if connections[self.db].vendor == "postgresql":
            return self.alias(indexed=Indexed("name")).filter(indexed__contains=as_indexed(text))
        return self.filter(name__icontains=text)

    def neighbours(self, text: str, most: int) -> list[str]:
        """Versions that stand next to the text in the order of names, `most` on each side."""
        named = self.filter(role=Role.VERSION).alias(capitals=Upper("name"))
        below = named.filter(capitals__lt=text.upper()).order_by("-capitals").values_list("name", flat=True)[:most]
        above = named.filter(capitals__gte=text.upper()).order_by("capitals").values_list("name", flat=True)[:most]
        return [*below, *above]

    def names(self) -> TagQuerySet:
        """Those that can give an image its name: versions, and pointers that are versions in part."""
        return self.filter(Q(role=Role.VERSION) | Q(role=Role.POINTER, name__regex=versions.PARTIAL))

    def naming(self, digests: Collection[str]) -> TagQuerySet:
        """The tags that give one of these digests its name, or once did."""
        return self.names().ever_on(digests)

    def ever_on(self, digests: Collection[str]) -> TagQuerySet:
        """The tags that point to one of these digests, or once did."""
        past = Movement.objects.filter(tag=OuterRef("pk"), from_digest__in=digests)
        return self.filter(Q(digest__in=digests) | Exists(past))

    def at(self, moment: dt.datetime) -> models.QuerySet[WithAnnotations[Tag, Then]]:
        """The tags that were there at `moment`, or may have been, as they were then.

        Adds `digest_then` (and `missing_then`: there was no image behind it), what bounds its time there:
        `after_then` and `before_then` (when it came), and, when a move was under way at `moment`, `leaving_after`,
        `leaving_before` and `leaving_to` (the digest it was on its way to; None: it was to be gone). What appeared or
        came back by a move under way has neither a `digest_then` nor is it missing: nobody knows whether it was there.
        Works backwards from now: the next movement tells what a tag pointed to until then. So of a time from which on
        movements are kept the last one before it has to be kept, too: it tells when the tag came to where it was.
        Whether anyone watched at `moment` is not asked here: see `Coverage`.
        """
        of_tag = Movement.objects.filter(tag=OuterRef("pk"))
        came = of_tag.filter(before__lte=moment).order_by("-before", "-pk")
        left = of_tag.filter(before__gt=moment).order_by("before", "pk")
        then: Any = (  # the plugin loses the queryset's class on the way: `Then` says what there is
            self.annotate(
                left_at=Subquery(left.values("before")[:1]),
                left_from=Subquery(left.values("from_digest")[:1]),
                left_after=Subquery(left.values("after")[:1]),
                left_to=Subquery(left.values("to_digest")[:1]),
                after_then=Subquery(came.values("after")[:1]),
                before_then=Subquery(came.values("before")[:1]),
                digest_then=Case(When(left_at__isnull=True, then=F("digest")), default=F("left_from")),
                missing_then=Q(left_at__isnull=True, missing_since__isnull=False, missing_since__lte=moment),
            )
            .annotate(
                leaving_after=Case(When(left_after__lt=moment, then=F("left_after"))),
                leaving_before=Case(When(left_after__lt=moment, then=F("left_at"))),
                leaving_to=Case(When(left_after__lt=moment, then=F("left_to"))),
            )
            .filter(
                Q(Q(digest_then__isnull=False) | Q(missing_then=True), first_seen_at__lte=moment)
                | Q(left_from__isnull=True, leaving_before__isnull=False)
            )
        )
        return then


class Tag(models.Model):
    """What a name points to now: polls write it, and under the same lock people its role, and webhooks `wanted_at`."""

    class State(models.TextChoices):
        PRESENT = "present", _("present")
        MISSING = "missing", _("listed, but its image is missing")
        REMOVED = "removed", _("removed")
        UNKNOWN = "unknown", _("listed, but not looked at yet")

    repository = models.ForeignKey(
        "Repository", on_delete=models.CASCADE, related_name="tags", verbose_name=_("repository"), db_index=False
    )
    name = BytewiseField(_("name"), max_length=128)
    role = models.CharField(_("role"), max_length=10, choices=[(role.value, role.value) for role in Role])
    role_by_hand = models.BooleanField(
        _("role set by hand"), default=False, help_text=_("Keep this role, whatever the tag's name and behaviour say.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    digest = models.CharField(_("digest"), max_length=135, null=True, blank=True)
    after = models.DateTimeField(
        _("since, at the earliest"), null=True, blank=True, help_text=_("Empty: it was so at the first look.")
    )
    before = models.DateTimeField(_("since, at the latest"))
    first_seen_at = models.DateTimeField(_("first seen"))
    moved = models.BooleanField(_("seen with two digests"), default=False)
    kept_since = models.DateTimeField(
        editable=False, null=True, help_text=_("Its movements before this one were deleted; null: all are there.")
    )
    # A poll in which nothing changed writes no tag: when a tag was last looked at stands with its repository, or with
    # its slice of the sweep. Only a tag that had another last look than those carries it here.
    looked_at = models.DateTimeField(editable=False, null=True)
    swept = models.BooleanField(
        editable=False, default=False, help_text=_("Looked at by the slow sweep and not by each poll.")
    )
    wanted_at = models.DateTimeField(
        editable=False, null=True, help_text=_("When somebody said that it moved; emptied by a later look.")
    )
    missing_since = models.DateTimeField(
        _("missing since"), null=True, blank=True, help_text=_("First listed without an image behind it.")
    )
    missing_after = models.DateTimeField(
        editable=False, null=True, help_text=_("When the last request was sent that still found its image.")
    )
    disputed_since = models.DateTimeField(
        _("disputed since"),
        null=True,
        blank=True,
        help_text=_("The registry's servers give different answers; what was known before is kept until they agree."),
    )
    absent_since = models.DateTimeField(
        editable=False, null=True, help_text=_("First left out by a listing that is not believed yet.")
    )

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["repository", "name"]
        constraints = [
            models.UniqueConstraint("repository", "name", name="tag_one_row_per_name"),
            models.CheckConstraint(
                condition=Q(after__isnull=True) | Q(after__lte=F("before")), name="tag_after_not_past_before"
            ),
            models.CheckConstraint(condition=Q(digest__regex=r"^[a-z0-9]+:[0-9a-f]+$"), name="tag_digest_valid"),
            models.CheckConstraint(
                condition=Q(state="present", digest__isnull=False)
                | Q(state="missing")
                | Q(state__in=["removed", "unknown"], digest__isnull=True),
                name="tag_digest_fits_state",
            ),
        ]
        indexes = [
            # read by: TagQuerySet for aliases (who else has this digest here) and the page of an image
            models.Index("digest", "repository", name="tag_by_digest"),
            # read by: the board, for all pointers of all repositories
            models.Index("role", "repository", condition=~Q(state="removed"), name="tag_by_role"),
            # read by: Recording and Repository.turn(), at each poll
            models.Index("repository", condition=~Q(state="removed") & ~AT_REST, name="tag_restless"),
            # read by: the search, for names that are or begin as the text, and for those next to it
            models.Index("role", Upper("name"), name="tag_by_capitals"),
            # read by: the search, for names that have the text somewhere; SQLite reads nothing but this index
            models.Index("role", "state", "name", "repository", name="tag_by_role_and_name"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}:{self.name}"

    def get_absolute_url(self) -> str:
        return f"/{self.repository.reference}:{self.name}/"

    @property
    def last_look(self) -> dt.datetime | None:
        """When it last told what it points to, or was known not to be there; None: never."""
        if self.state == self.State.UNKNOWN:
            return None
        if self.state == self.State.REMOVED:
            return self.repository.listed_at
        return self.looked_at or self.repository.looks.of(self.name, swept=self.swept)
