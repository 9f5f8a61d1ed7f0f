"""What a process sees of its inputs instead of all of them: a few coordinates in a unit cube of their own."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.prior import Box
from saddlepath.surrogate.polynomial import exponents


class Coordinates(eqx.Module):
    """A smooth map from the unit cube of the inputs to that of a few coordinates."""

    @abc.abstractmethod
    def coordinates(self, u: Float[Array, "*batch d"]) -> Float[Array, "*batch m"]:
        """Positions in the unit cube of the coordinates.

        Args:
            u: Positions in the unit cube of the inputs. [-]
        """


class PooledMoments(Coordinates):
    """Moments over the members of an exchangeable group, and all inputs outside of it as they are.

    A function that does not change when members are relabelled is one of such moments. The moments are means over
    members of products of Legendre polynomials of the members' own inputs.

    Attributes:
        members: Entries of the inputs by field and member.
        others: Entries outside of the group.
        order: Highest total degree of a product; 2 is the mean and the variance.
    """

    members: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    others: tuple[int, ...] = eqx.field(static=True)
    order: int = eqx.field(static=True)

    def __init__(self, box: Box, fields: tuple[str, ...], order: int = 2):
        """Args:
            box: The inputs.
            fields: Fields of the box with one entry per member.
            order: Highest total degree.

        Raises:
            ConfigError: A field is not one of the box, or fields have different numbers of members.
        """
        entries = {name: tuple(range(where.start, where.stop)) for name, where in box.slices.items()}
        if (
            not fields
            or not set(fields) <= set(entries)
            or len({len(entries[name]) for name in fields}) > 1
            or order < 1
        ):
            raise ConfigError(
                f"pooled moments need fields of the box ({', '.join(box.names)}) with one entry per member and the "
                f"same number each, and an order of at least 1, got {', '.join(fields) or 'none'} and {order}."
            )
        self.members = tuple(entries[name] for name in fields)
        self.others = tuple(i for i in range(box.size) if not any(i in row for row in self.members))
        self.order = order

    def coordinates(self, u):
        t = 2 * u[..., np.array(self.members)] - 1
        rows = [jnp.ones_like(t), t]
        for n in range(1, self.order):
            rows.append((2 * n + 1) / (n + 1) * t * rows[-1] - n / (n + 1) * rows[-2])
        powers = np.array(exponents(len(self.members), self.order)[1:])
        table = jnp.stack(rows[: self.order + 1])  # [degree, ..., fields, members]
        own = [jnp.prod(jnp.stack([table[d, ..., f, :] for f, d in enumerate(p)]), axis=0) for p in powers]
        pooled = jnp.stack([(1 + jnp.mean(one, axis=-1)) / 2 for one in own], axis=-1)
        return jnp.concatenate([u[..., np.array(self.others, dtype=int)], pooled], axis=-1)
