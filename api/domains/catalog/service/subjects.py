"""Reviews, questions and answers as moderation is told of them."""

from api.domains.catalog.contracts import ReviewView
from api.domains.catalog.contracts.questions import AnswerView, QuestionView
from api.domains.moderation.contracts import Subject


def of_review(review: ReviewView) -> Subject:
    """A review of a product."""
    here = f"/p/{review.product_id}#reviews"
    return Subject(
        *("review", review.review_id, review.customer_id, here, review.title, review.body),
        product_id=review.product_id,
    )


def of_question(question: QuestionView) -> Subject:
    """A question about a product."""
    here = f"/p/{question.product_id}#questions"
    return Subject(
        *("question", question.question_id, question.customer_id, here),
        body=question.body,
        product_id=question.product_id,
    )


def of_answer(answer: AnswerView) -> Subject:
    """An answer to a question."""
    here = f"/p/{answer.product_id}#questions"
    return Subject(
        *("answer", answer.answer_id, answer.customer_id, here),
        body=answer.body,
        product_id=answer.product_id,
    )
