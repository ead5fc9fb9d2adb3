"""A name in a repository, and the digest it points to now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from tags import versions
from tags.models.movement import Movement
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from django_stubs_ext import WithAnnotations


class Then(TypedDict):
    """What `TagQuerySet.at()` adds to a tag."""

    digest_then: str | None
    after_then: dt.datetime | None
    before_then: dt.datetime | None
    leaving_after: dt.datetime | None
    leaving_before: dt.datetime | None
    leaving_to: str | None


def settle_roles(tags: Iterable[Tag]) -> list[Tag]:
    """Give the tags of one repository the roles that name and behaviour call for; returns those that changed, unsaved.

    What people set by hand stays, and so does a pointer that was seen to move: it is one for good.
    """
    tags = list(tags)
    roles = versions.roles({tag.name: tag.digest for tag in tags}, {tag.name for tag in tags if tag.moved})
    settled = (tag.role_by_hand or (tag.moved and tag.role == Role.POINTER) for tag in tags)
    changed = [tag for tag, stays in zip(tags, settled, strict=True) if not stays and tag.role != roles[tag.name]]
    for tag in changed:
        tag.role = roles[tag.name]
    return changed


class TagQuerySet(models.QuerySet["Tag"]):
    def shown(self) -> TagQuerySet:
        """Without signatures, attestations and referrers, which are about images and not names of them."""
        return self.exclude(role=Role.ATTACHMENT)

    def present(self) -> TagQuerySet:
        """The tags that are in the registry now, those included whose image is missing."""
        return self.exclude(state=Tag.State.REMOVED)

    def set_role(self, role: Role) -> None:
        """Somebody knows better: keep this role for good."""
        self.update(role=role, role_by_hand=True)

    def forget_role(self) -> None:
        """Let names and behaviour decide again, as `Repository.record()` does."""
        self.update(role_by_hand=False)
        for repository in self.values_list("repository", flat=True).distinct():
            Tag.objects.bulk_update(
                settle_roles(Tag.objects.filter(repository=repository).present()), ["role"], batch_size=400
            )

    def pointers(self) -> TagQuerySet:
        return self.filter(role=Role.POINTER)

    def naming(self, digests: Collection[str]) -> TagQuerySet:
        """The version tags that point to one of these digests, or once did."""
        past = Movement.objects.filter(tag=OuterRef("pk"), from_digest__in=digests)
        return self.filter(Q(digest__in=digests) | Exists(past), role=Role.VERSION)

    def at(self, moment: dt.datetime) -> models.QuerySet[WithAnnotations[Tag, Then]]:
        """The tags that were there at `moment`, as they were then.

        Adds `digest_then` and what bounds its time there: `after_then` and `before_then` (when it came),
        and, when a move was under way at `moment`, `leaving_after`, `leaving_before` and `leaving_to` (the digest it
        was on its way to). Works backwards from now: the next movement tells what a tag pointed to until then.
        Whether anyone watched at `moment` is not asked here: see `Coverage`.
        """
        of_tag = Movement.objects.filter(tag=OuterRef("pk"))
        came = of_tag.filter(before__lte=moment).order_by("-before", "-pk")
        left = of_tag.filter(before__gt=moment).order_by("before", "pk")
        then: Any = (  # the plugin loses the queryset's class on the way: `Then` says what there is
            self.filter(first_seen_at__lte=moment)
            .annotate(
                left_at=Subquery(left.values("before")[:1]),
                left_from=Subquery(left.values("from_digest")[:1]),
                left_after=Subquery(left.values("after")[:1]),
                left_to=Subquery(left.values("to_digest")[:1]),
                after_then=Subquery(came.values("after")[:1]),
                before_then=Subquery(came.values("before")[:1]),
                digest_then=Case(When(left_at__isnull=True, then=F("digest")), default=F("left_from")),
            )
            .annotate(
                leaving_after=Case(When(left_after__lt=moment, then=F("left_after"))),
                leaving_before=Case(When(left_after__lt=moment, then=F("left_at"))),
                leaving_to=Case(When(left_after__lt=moment, then=F("left_to"))),
            )
            .filter(digest_then__isnull=False)
        )
        return then


class Tag(models.Model):
    """What a name points to now; written by `Repository.record()` alone, but for `role_by_hand`."""

    class State(models.TextChoices):
        PRESENT = "present", _("present")
        MISSING = "missing", _("listed, but its image is missing")
        REMOVED = "removed", _("removed")
        UNKNOWN = "unknown", _("listed, but not looked at yet")

    repository = models.ForeignKey(
        "Repository", on_delete=models.CASCADE, related_name="tags", verbose_name=_("repository"), db_index=False
    )
    name = models.CharField(_("name"), max_length=128)
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
    # A poll in which nothing changed writes no tag: when a tag was last looked at stands with its repository.
    # Only a tag that had another last look than the rest carries it here.
    looked_at = models.DateTimeField(editable=False, null=True)
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
        ]

    def __str__(self) -> str:
        return f"{self.repository}:{self.name}"

    def get_absolute_url(self) -> str:
        return f"/{self.repository.reference}:{self.name}/"
